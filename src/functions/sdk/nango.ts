// The `nango` object of one run.
import type { z } from "zod";
import type { RunContext } from "../protocol.ts";
import type { Call } from "./calls.ts";
import { ActionError } from "./errors.ts";
import { createFacade } from "./facade.ts";
import { factsOf, syncFactsOf } from "./facts.ts";
import { createFetch } from "./fetch.ts";
import { createSetLogger, type Log } from "./log.ts";
import { createPaginate } from "./paginate.ts";
import type { PageSettings } from "./paginate-place.ts";
import { toPlain } from "./plain.ts";
import { createGetRecordsByIds, createListRecords } from "./read-records.ts";
import { createBatch } from "./records.ts";
import type { ProxyConfiguration } from "./request-types.ts";
import { createSend } from "./requests.ts";
import type { MergingStrategy, NangoAction, NangoSync, SdkLogger } from "./types.ts";
import type { RowChecks } from "./validation.ts";

const requestMembers = (context: RunContext, call: Call) => {
  const send = createSend({ call, own: context });
  return {
    get: (config: ProxyConfiguration) => send(config, "GET"),
    post: (config: ProxyConfiguration) => send(config, "POST"),
    put: (config: ProxyConfiguration) => send(config, "PUT"),
    patch: (config: ProxyConfiguration) => send(config, "PATCH"),
    delete: (config: ProxyConfiguration) => send(config, "DELETE"),
    proxy: (config: ProxyConfiguration) => send(config),
    paginate: createPaginate({
      send,
      provider: context.provider,
      defaults: context.paginateDefaults as PageSettings | null | undefined,
    }),
    uncontrolledFetch: createFetch(call),
  };
};

const plainCall =
  (call: Call, method: string) =>
  (...args: unknown[]) =>
    call(method, args.map(toPlain));

const connectionMembers = (context: RunContext, call: Call) => {
  const { connectionId: connection_id, providerConfigKey: provider_config_key } = context;
  const getMetadata = () => call("getMetadata", []);
  // Files of old expect what an HTTP client would give.
  const write = (method: string) => async (given: unknown) => {
    const metadata = await call(method, [toPlain(given)]);
    const data = { connection_id, provider_config_key, metadata };
    return { data, status: 200, statusText: "OK", headers: {}, config: {} };
  };
  const updateMetadata = write("updateMetadata");
  return {
    getConnection: (...args: unknown[]) => call("getConnection", args.slice(0, 3).map(toPlain)),
    getToken: () => call("getToken", []),
    getMetadata,
    setMetadata: write("setMetadata"),
    updateMetadata,
    getFieldMapping: async () => ((await getMetadata()) as { fieldMapping?: unknown } | null)?.fieldMapping ?? {},
    setFieldMapping: (fieldMapping: unknown) => updateMetadata({ fieldMapping }),
    getIntegration: plainCall(call, "getIntegration"),
    getWebhookURL: () => call("getWebhookURL", []),
    getEnvironmentVariables: () => call("getEnvironmentVariables", []),
  };
};

const controlMembers = (call: Call) => ({
  getCheckpoint: () => call("getCheckpoint", []),
  saveCheckpoint: (checkpoint: unknown) => call("saveCheckpoint", [toPlain(checkpoint)]),
  clearCheckpoint: () => call("clearCheckpoint", []),
  triggerAction: plainCall(call, "triggerAction"),
  triggerSync: plainCall(call, "triggerSync"),
  startSync: plainCall(call, "startSync"),
  tryAcquireLock: ({ key, ttlMs }: { key: string; ttlMs: number }) => call("tryAcquireLock", [key, ttlMs]),
  releaseLock: ({ key }: { key: string }) => call("releaseLock", [key]),
  releaseAllLocks: () => call("releaseAllLocks", []),
});

const recordMembers = (call: Call, rowChecks: RowChecks) => {
  const batchSave = createBatch(call, "batchSave", rowChecks);
  return {
    batchSave,
    batchSend: batchSave,
    batchUpdate: createBatch(call, "batchUpdate"),
    batchDelete: createBatch(call, "batchDelete"),
    getRecordsByIds: createGetRecordsByIds(call),
    listRecords: createListRecords(call),
    trackDeletesStart: (model: string) => call("trackDeletesStart", [model]),
    trackDeletesEnd: (model: string) => call("trackDeletesEnd", [model]),
    deleteRecordsFromPreviousExecutions: (model: string) => call("deleteRecordsFromPreviousExecutions", [model]),
    setMergingStrategy: ({ strategy }: MergingStrategy, model: string) =>
      call("setMergingStrategy", [{ strategy }, model]),
  };
};

const createZodValidateInput = (log: Log) => {
  return async ({ zodSchema, input }: { zodSchema: z.ZodType; input: unknown }) => {
    const result = zodSchema.safeParse(input);
    if (result.success) return result;
    for (const { path, message } of result.error.issues) {
      await log(`Invalid input provided: ${message} at "${path.map(String).join(".")}"`, { level: "error" });
    }
    throw new ActionError({ message: "Invalid input provided" });
  };
};

const createGetFlowAttributes = (isOfSync: boolean) => (): null => {
  if (isOfSync) return null;
  throw new Error("getFlowAttributes: there is no sync whose attributes these could be.");
};

const asGiven = async ({ input }: { input: unknown }) => ({ success: true, data: input });

/** Build it for one run. Records, variant and last sync date are there for syncs and their webhooks only. */
export const createNango = (o: {
  context: RunContext;
  call: Call;
  log: Log;
  logger: SdkLogger;
  rowChecks: RowChecks;
}) => {
  const { context, call, log, logger, rowChecks } = o;
  const isOfSync = context.scriptType === "sync" || context.scriptType === "webhook";
  const base = {
    ...factsOf(context, logger),
    ...requestMembers(context, call),
    ...connectionMembers(context, call),
    ...controlMembers(call),
    log,
    setLogger: createSetLogger(logger),
    getFlowAttributes: createGetFlowAttributes(isOfSync),
    zodValidateInput: context.isLikeMocks === true ? asGiven : createZodValidateInput(log),
    ...(context.isLikeMocks === true ? { fixtureProvider: true } : {}),
  } satisfies Record<keyof NangoAction, unknown>;
  if (!isOfSync) return createFacade(base);
  const all = { ...base, ...syncFactsOf(context), ...recordMembers(call, rowChecks) } satisfies Record<
    keyof NangoSync,
    unknown
  >;
  return createFacade(all);
};
