// A real server with two environments on a database of its own, and short ways to fill it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { contentHash, sealAll } from "../../src/crypto/seal.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { openStream, saveRecords } from "../../src/db/records.ts";
import { claimRun, failRun, finishRun, type Lease } from "../../src/db/runs.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import { type CompiledFunction, type FunctionDefinition, functionHash } from "../../src/functions/definition.ts";
import { createGraphql, type GraphqlSettings } from "../../src/graphql/graphql.ts";
import { createApp } from "../../src/http/app.ts";
import type { AccessSettings } from "../../src/http/deps.ts";
import { openDoor } from "../../src/http/door.ts";
import { createFlowSockets } from "../../src/http/oauth/sockets.ts";
import { createLogger } from "../../src/log.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { type ExecutorDeps, startExecutor } from "../../src/runs/executor.ts";
import { type Answered, type Contract, readContract } from "../contract/document.ts";
import { testDatabase } from "../helpers/database.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
export type Answer = { status: number; headers: Headers; text: string; body: any };

export type CallOptions = { body?: unknown; headers?: Record<string, string>; key?: string | null };

export const DEV_KEY = "dev-key-0123456789abcdef";
export const PROD_KEY = "prod-key-0123456789abcdef";

/** A compiled sync; `over` replaces parts of its definition. */
export const syncFunction = (
  integration: string,
  name: string,
  over: Partial<FunctionDefinition> = {},
  bundle = "module.exports = {}",
): CompiledFunction => {
  const definition: FunctionDefinition = {
    description: "a sync for tests",
    version: "1.0.0",
    frequency: "every hour",
    auto_start: true,
    track_deletes: false,
    sync_type: "full",
    models: { Contact: { type: "object" } },
    webhook_subscriptions: [],
    endpoints: [],
    scopes: [],
    has_on_webhook: false,
    ...over,
  };
  return { kind: "sync", integration, name, bundle, hash: functionHash(bundle, definition), definition };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

let contract: Promise<Contract> | undefined;

// The document is the same for all servers of this process.
const assertDocumented = async (url: string, answered: Answered): Promise<void> => {
  contract ??= readContract(url);
  const { placeOf, problemsOf } = await contract;
  const { method, target, status, text } = answered;
  if (placeOf(method, target) === undefined) return;
  assert.deepEqual(problemsOf(answered), [], `${method} ${target} ${status}: ${text.slice(0, 500)}`);
};

/** Start the API. Every answer is held against the document. `call` speaks for dev unless another key is given; `key: null` sends none. */
export const testApi = async (
  t: TestContext,
  o: { catalogueFiles?: string[]; access?: AccessSettings; graphql?: GraphqlSettings; explorer?: boolean } & Partial<
    Pick<ExecutorDeps, "allowPrivateHosts" | "lookup">
  > = {},
) => {
  const { catalogueFiles = [], access, allowPrivateHosts = ["127.0.0.0/8"], lookup } = o;
  const db = await testDatabase(t);
  const keyring = createKeyring({ masterKey: randomBytes(32) });
  const keys = createDataKeys({ db: db.pool, keyring });
  const [dev, prod] = await ensureEnvironments({ db: db.pool, keyring })({ dev: DEV_KEY, prod: PROD_KEY });
  const catalogue = loadCatalogue({ files: catalogueFiles });
  const logged: string[] = [];
  const log = createLogger("info", { write: (line) => logged.push(line) });
  let isReady = true;
  const runs = await startExecutor({
    pool: db.pool,
    url: db.url,
    keys,
    catalogue,
    allowPrivateHosts,
    ...(lookup && { lookup }),
    concurrency: 2,
    actionConcurrency: 4,
    log,
  });
  t.after(runs.stop);
  const graphql = createGraphql({ url: db.url, keys, catalogue, log, settings: o.graphql });
  t.after(graphql.close);
  const flowSockets = createFlowSockets({ url: db.url, pool: db.pool, log });
  t.after(flowSockets.close);
  const door = await openDoor({ host: "127.0.0.1", port: 0 });
  door.serve(
    createApp({
      db: db.pool,
      keys,
      catalogue,
      log,
      access,
      ready: () => isReady,
      runs,
      graphql,
      flowSockets,
      explorer: o.explorer,
    }),
  );
  t.after(() => door.close({ drainMs: 0 }));
  const { url } = door;

  const call = async (method: string, path: string, { body, headers = {}, key = DEV_KEY }: CallOptions = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status } = response;
    const type = response.headers.get("content-type") ?? undefined;
    await assertDocumented(url, { method, target: path, status, type, text });
    return { status, headers: response.headers, text, body: parseJson(text) } as Answer;
  };

  const must = async (method: string, path: string, options?: CallOptions): Promise<Answer["body"]> => {
    const answer = await call(method, path, options);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };

  /** An integration `acme` (API key) of that name. */
  const integrate = (uniqueKey: string, options: CallOptions = {}) =>
    must("POST", "/integrations", { body: { provider: "acme", unique_key: uniqueKey }, ...options });

  const connect = (integration: string, connection: string, extra: object = {}, options: CallOptions = {}) => {
    const credentials = { type: "API_KEY", apiKey: `key of ${connection}` };
    const body = { provider_config_key: integration, connection_id: connection, credentials, ...extra };
    return must("POST", "/connections", { body, ...options });
  };

  const deploy = (functions: CompiledFunction[], mode = "all", options: CallOptions = {}) =>
    must("POST", "/deploy", { body: { functions, mode }, ...options });

  const claim = async (): Promise<Lease> => {
    const lease = await claimRun(db.pool, { worker: "test" });
    if (lease === undefined) throw new Error("no run is due");
    return lease;
  };

  /** Save records in the claimed run, as a worker would. */
  const save = async (lease: Lease, model: string, rows: { id: string; [field: string]: unknown }[]) => {
    const fence = { run: lease.id, token: lease.token };
    const stream = await openStream(db.pool, { ...fence, model });
    const key = await keys.ofConnection(lease.connection_id);
    const texts = rows.map(({ id: _id, ...fields }) => JSON.stringify(fields));
    const ids = rows.map(({ id }) => id);
    const hashes = texts.map((text) => contentHash(key, text));
    const payloads = sealAll(key, texts, (index) => sealPlace(stream, ids[index] as string));
    return await saveRecords(db.pool, { ...fence, stream, ids, hashes, payloads, checkpoint: null });
  };

  const finish = (lease: Lease) => finishRun(db.pool, { run: lease.id, token: lease.token });
  const fail = (lease: Lease) =>
    failRun(db.pool, { run: lease.id, token: lease.token, error: { type: "script_http_error", message: "refused" } });

  const setReady = (value: boolean) => {
    isReady = value;
  };
  return {
    db,
    keys,
    url,
    dev: dev!,
    prod: prod!,
    call,
    must,
    integrate,
    connect,
    deploy,
    claim,
    save,
    finish,
    fail,
    setReady,
    logged,
    runs,
    graphql,
  };
};

export type TestApi = Awaited<ReturnType<typeof testApi>>;

/** Headers that name a connection. */
export const of = (integration: string, connection: string): Record<string, string> => ({
  "connection-id": connection,
  "provider-config-key": integration,
});
