// The host of a run that leaves nothing behind: its requests are sent with the connection's credentials, what it reads is
// what is stored, and what it would write stays in memory. All of it is told to whoever asked for the run.
import type { Lease } from "../../db/runs.ts";
import { AppError } from "../../errors.ts";
import { type ProxyRequest, type ProxyResponse, UpstreamError } from "../../outbound/types.ts";
import type { HostCall } from "../protocol.ts";
import { createConnection } from "./connection.ts";
import { createDryCheckpoint } from "./dry-checkpoint.ts";
import { getEnvironmentVariables } from "./environment.ts";
import { uncontrolledFetch } from "./fetch.ts";
import type { HostDeps } from "./host.ts";
import { getIntegration, getWebhookURL } from "./integration.ts";
import { getRecordsByIds, listRecords } from "./read.ts";
import { readInput } from "./record-input.ts";
import { createRedactor } from "./redact.ts";
import { createProxy } from "./requests.ts";
import type { RunHost, Say } from "./run-host.ts";
import { createSerial } from "./serial.ts";

type Row = Record<string, unknown>;

/** What a dry run does, without any secret of the connection. `told` are answers about the connection. */
export type DryEvent =
  | { type: "log"; level: string; message: string; detail?: unknown }
  | { type: "request"; request: ProxyRequest; response: ProxyResponse }
  | { type: "told"; method: string; value: unknown }
  | { type: "write"; method: "batchSave" | "batchUpdate" | "batchDelete"; model: string; rows: Row[] };

/** What the function gets instead of what is stored. */
export type DryStubs = {
  metadata?: Row | undefined;
  checkpoint?: Row | undefined;
};

type Method = (...args: never[]) => unknown;

const nothingHeld: RunHost["writes"] = { hold: async () => {}, holds: () => false, flush: async () => false };

const refuseStream = async (): Promise<never> => {
  throw new AppError("script_internal_error", "A dry run stores nothing.");
};

const createMemoryHost = (deps: HostDeps & { lease: Lease; say: Say }): RunHost => {
  const redactor = createRedactor();
  return {
    ...deps,
    fence: { run: 0, token: 0 },
    say: (line) => deps.say(redactor.redact(line) as typeof line),
    redactor,
    inOrder: createSerial(),
    writes: nothingHeld,
    onSaved: () => {},
    streamOf: refuseStream,
    landingOf: () => undefined,
    interrupt: () => {},
    isInterrupted: () => false,
  };
};

const createWrites =
  ({ models }: Lease, tell: (event: DryEvent) => void) =>
  (method: "batchSave" | "batchUpdate" | "batchDelete") =>
  async (rows: Row[], model: string): Promise<true> => {
    readInput(rows, model);
    if (!models.includes(model)) throw new AppError("SL004", `model "${model}" is not declared by this sync`);
    tell({ type: "write", method, model, rows });
    return true;
  };

const createMetadata = (read: () => Promise<unknown>, stub: Row | undefined) => {
  let known: unknown = stub;
  const get = async () => {
    known ??= await read();
    return known;
  };
  return {
    getMetadata: get,
    setMetadata: async (given: unknown) => {
      known = given;
      return known;
    },
    updateMetadata: async (given: object) => {
      known = { ...((await get()) as object), ...given };
      return known;
    },
  };
};

// A function may look which credentials there are; what they are is nobody's business but its own.
const maskedCredentials = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || !("credentials" in value)) return value;
  const { type, ...secret } = (value.credentials ?? {}) as Row;
  const masked = Object.fromEntries(Object.keys(secret).map((name) => [name, MASK]));
  return { ...value, credentials: { type, ...masked } };
};

const MASK = "***";
const asJsonBytes = (data: unknown): unknown => (data instanceof Uint8Array ? Buffer.from(data).toJSON() : data);

const requestEvent = (request: ProxyRequest, response: ProxyResponse): DryEvent => ({
  type: "request",
  request: { ...request, ...(request.data === undefined ? {} : { data: asJsonBytes(request.data) }) },
  response: { ...response, data: asJsonBytes(response.data) },
});

const TOLD = ["getMetadata", "getConnection", "setMetadata", "updateMetadata", "getWebhookURL"];

/** `call` answers the function; `tell` hears of all that it does, in order. */
export const createDryHost = (
  deps: HostDeps & { lease: Lease; signal: AbortSignal; stubs: DryStubs; tell: (event: DryEvent) => void },
): { call: HostCall; redact: (value: unknown) => unknown } => {
  const { lease, signal, stubs } = deps;
  const say: Say = ({ level, message, detail }) => deps.tell({ type: "log", level, message, detail });
  const host = createMemoryHost({ ...deps, say });
  const tell = (event: DryEvent): void => deps.tell(host.redactor.redact(event) as DryEvent);
  const connection = createConnection(host, deps);
  const proxy = createProxy({ host, connection, send: deps.send, signal });
  const write = createWrites(lease, tell);
  const skipped = (method: string, value?: unknown) => async () => {
    host.say({ kind: "message", level: "info", message: `${method} does nothing in a dry run` });
    return value;
  };

  const answers: Record<string, Method> = {
    proxy: async (request: ProxyRequest) => {
      try {
        const response = await proxy(request);
        tell(requestEvent(request, response));
        return response;
      } catch (error) {
        if (error instanceof UpstreamError && error.response) tell(requestEvent(request, error.response));
        throw error;
      }
    },
    batchSave: write("batchSave"),
    batchUpdate: write("batchUpdate"),
    batchDelete: write("batchDelete"),
    ...createDryCheckpoint(stubs.checkpoint),
    ...createMetadata(connection.getMetadata, stubs.metadata),
    getConnection: connection.getConnection,
    getToken: connection.getToken,
    getIntegration: getIntegration(host, deps),
    getWebhookURL: getWebhookURL(host, deps),
    getEnvironmentVariables: getEnvironmentVariables(host),
    getRecordsByIds: getRecordsByIds(host),
    listRecords: listRecords(host),
    uncontrolledFetch: uncontrolledFetch(host, { http: deps.http, signal }),
    trackDeletesStart: async () => undefined,
    trackDeletesEnd: async () => ({ deletedKeys: [] }),
    deleteRecordsFromPreviousExecutions: async () => ({ deletedKeys: [] }),
    setMergingStrategy: async () => undefined,
    tryAcquireLock: async () => true,
    releaseLock: async () => true,
    releaseAllLocks: async () => true,
    triggerSync: skipped("triggerSync"),
    startSync: skipped("startSync"),
    triggerAction: async () => {
      throw new AppError("not_found", "A dry run starts no actions.");
    },
    log: async ({ level, message, meta }: { level: "info"; message: string; meta?: unknown }) =>
      host.say({ kind: "message", level, message, ...(meta === undefined ? {} : { detail: meta }) }),
  };

  const call: HostCall = async (method, args) => {
    if (signal.aborted) throw new AppError("script_aborted");
    const answer = Object.hasOwn(answers, method) ? answers[method] : undefined;
    if (answer === undefined) throw new AppError("script_internal_error", `nango.${method} is not available here`);
    const value = await answer(...(args as never[]));
    if (TOLD.includes(method)) tell({ type: "told", method, value: maskedCredentials(value) });
    return value;
  };
  return { call, redact: host.redactor.redact };
};
