// The `nango` object of one run.
import type { z } from "zod";
import type { RunContext } from "../protocol.ts";
import type { Call } from "./calls.ts";
import { ActionError } from "./errors.ts";
import { createFacade } from "./facade.ts";
import type { createLog } from "./log.ts";
import { createPaginate } from "./paginate.ts";
import type { PageSettings } from "./paginate-place.ts";
import { toPlain } from "./plain.ts";
import { createBatch } from "./records.ts";
import { createSend, type Send } from "./requests.ts";
import type { MergingStrategy, NangoBase, NangoSync, ProxyConfiguration } from "./types.ts";

const facts = (context: RunContext) => ({
  connectionId: context.connectionId,
  providerConfigKey: context.providerConfigKey,
  provider: context.provider,
  environmentId: context.environmentId,
  environmentName: context.environmentName,
  syncId: context.syncId,
  scriptType: context.scriptType,
  isCLI: false,
  ActionError,
});

const syncFacts = (context: RunContext) => ({
  variant: context.variant,
  lastSyncDate: context.lastSyncDate === null ? undefined : new Date(context.lastSyncDate),
  track_deletes: context.trackDeletes ?? false,
});

const requestMembers = (send: Send, defaults: RunContext["paginateDefaults"]) => ({
  get: (config: ProxyConfiguration) => send(config, "GET"),
  post: (config: ProxyConfiguration) => send(config, "POST"),
  put: (config: ProxyConfiguration) => send(config, "PUT"),
  patch: (config: ProxyConfiguration) => send(config, "PATCH"),
  delete: (config: ProxyConfiguration) => send(config, "DELETE"),
  proxy: (config: ProxyConfiguration) => send(config),
  paginate: createPaginate({ send, defaults: defaults as PageSettings | undefined }),
});

const connectionMembers = (call: Call) => ({
  getConnection: (...args: unknown[]) => call("getConnection", args.slice(0, 3).map(toPlain)),
  getMetadata: () => call("getMetadata", []),
  setMetadata: (metadata: unknown) => call("setMetadata", [toPlain(metadata)]),
  updateMetadata: (metadata: unknown) => call("updateMetadata", [toPlain(metadata)]),
  getCheckpoint: () => call("getCheckpoint", []),
  saveCheckpoint: (checkpoint: unknown) => call("saveCheckpoint", [toPlain(checkpoint)]),
  clearCheckpoint: () => call("clearCheckpoint", []),
});

const recordMembers = (call: Call) => ({
  batchSave: createBatch(call, "batchSave"),
  batchUpdate: createBatch(call, "batchUpdate"),
  batchDelete: createBatch(call, "batchDelete"),
  trackDeletesStart: (model: string) => call("trackDeletesStart", [model]),
  trackDeletesEnd: (model: string) => call("trackDeletesEnd", [model]),
  setMergingStrategy: ({ strategy }: MergingStrategy, model: string) =>
    call("setMergingStrategy", [{ strategy }, model]),
});

type Log = ReturnType<typeof createLog>;

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

/** Build it for one run. Records, variant and last sync date are there for syncs and their webhooks only. */
export const createNango = ({ context, call, log }: { context: RunContext; call: Call; log: Log }) => {
  const send = createSend({ call, own: context });
  const base = {
    ...facts(context),
    ...requestMembers(send, context.paginateDefaults),
    ...connectionMembers(call),
    log,
    zodValidateInput: createZodValidateInput(log),
  } satisfies Record<keyof NangoBase, unknown>;
  if (context.scriptType !== "sync" && context.scriptType !== "webhook") return createFacade(base);
  const all = { ...base, ...syncFacts(context), ...recordMembers(call) } satisfies Record<keyof NangoSync, unknown>;
  return createFacade(all);
};
