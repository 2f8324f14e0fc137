// What a function can read off its `nango` without asking anybody.
import type { RunContext } from "../protocol.ts";
import { ActionError } from "./errors.ts";
import type { SdkLogger } from "./types.ts";

/** An installation is one account. */
const ACCOUNT = 1;

/** Checks by the functions' own platform; a sync's records and an action's output are checked by ours. */
const RUNNER_FLAGS = {
  validateActionInput: false,
  validateActionOutput: false,
  validateSyncRecords: false,
  validateSyncMetadata: false,
};

const isOfSync = ({ scriptType }: RunContext): boolean => scriptType === "sync" || scriptType === "webhook";

const configOf = (context: RunContext) => ({
  sync_name: context.functionName ?? "",
  type: isOfSync(context) ? "sync" : context.scriptType,
  models: context.models ?? [],
});

/** The facts of every run. */
export const factsOf = (context: RunContext, logger: SdkLogger) => ({
  connectionId: context.connectionId,
  providerConfigKey: context.providerConfigKey,
  provider: context.provider,
  environmentId: context.environmentId,
  environmentName: context.environmentName,
  accountId: ACCOUNT,
  syncId: context.syncId ?? undefined,
  syncJobId: Number(context.runId),
  nangoConnectionId: context.connectionNumber,
  activityLogId: context.runId,
  syncConfig: configOf(context),
  runnerFlags: { ...RUNNER_FLAGS },
  scriptType: context.scriptType,
  isCLI: context.isCLI ?? false,
  logger,
  ActionError,
});

/** Those that only a sync and its webhooks have. */
export const syncFactsOf = (context: RunContext) => ({
  variant: context.variant,
  lastSyncDate: context.lastSyncDate === null ? undefined : new Date(context.lastSyncDate),
  track_deletes: context.trackDeletes ?? false,
  emptyCache: context.emptyCache ?? false,
});
