// POST /sync/trigger, /sync/start, /sync/pause, GET /sync/status, PUT /sync/update-connection-frequency.
import { z } from "zod";
import { pauseSync, type SyncStatus, setFrequency, startSync, syncStatus, triggerSync } from "../../db/sync-control.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError, hasCode } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, JsonObject, Name, ProviderConfigKey } from "../patterns.ts";
import { SUCCESS, Success } from "../success.ts";
import { fieldError, type Refusals, translating } from "../validate.ts";
import { SyncName } from "./sync-names.ts";

const absentWhenEmpty = (value: unknown) => (value === "" ? undefined : value);

const TriggerBody = z
  .strictObject({
    syncs: z.array(SyncName),
    provider_config_key: ProviderConfigKey.optional(),
    connection_id: z.preprocess(absentWhenEmpty, ConnectionId.optional()),
    opts: z.strictObject({ reset: z.boolean().optional(), emptyCache: z.boolean().optional() }).optional(),
    sync_mode: z.enum(["incremental", "full_refresh", "full_refresh_and_clear_cache"]).optional(),
    full_resync: z.boolean().optional(),
  })
  .refine((body) => body.opts === undefined || (body.sync_mode === undefined && body.full_resync === undefined), {
    path: ["opts"],
    error: "cannot be combined with sync_mode or full_resync",
  });

const TriggerHeaders = z.object({
  "provider-config-key": z.preprocess(absentWhenEmpty, ProviderConfigKey.optional()),
  "connection-id": z.preprocess(absentWhenEmpty, ConnectionId.optional()),
});

const CommandBody = z.strictObject({
  syncs: z.array(SyncName).max(256),
  provider_config_key: ProviderConfigKey,
  connection_id: ConnectionId.optional(),
});

const StatusQuery = z.strictObject({
  syncs: z.string(),
  provider_config_key: ProviderConfigKey,
  connection_id: ConnectionId.optional(),
});

const FrequencyBody = z.strictObject({
  sync_name: Name,
  sync_variant: Name.default("base"),
  provider_config_key: ProviderConfigKey,
  connection_id: ConnectionId,
  frequency: z.string().min(1).max(255).nullable(),
});

const REFUSALS: Refusals = {
  "no such integration": "unknown_provider_config",
  "no such connection": () => new AppError("unknown_connection", undefined, { status: 404, payload: {} }),
  "no such sync": "no_syncs_found",
};

const modeOf = (body: z.infer<typeof TriggerBody>): { reset: boolean; emptyCache: boolean } => {
  if (body.opts !== undefined) return { reset: body.opts.reset ?? false, emptyCache: body.opts.emptyCache ?? false };
  const mode = body.sync_mode ?? (body.full_resync ? "full_refresh" : "incremental");
  return { reset: mode !== "incremental", emptyCache: mode === "full_refresh_and_clear_cache" };
};

const toWire = (sync: SyncStatus) => ({
  id: sync.id,
  connection_id: sync.connection_id,
  name: sync.name,
  variant: sync.variant,
  type: sync.type,
  status: sync.status,
  frequency: sync.frequency,
  finishedAt: sync.finished_at ?? undefined,
  nextScheduledSyncAt: sync.next_scheduled_sync_at,
  latestResult: sync.latest_result ?? undefined,
  latestExecutionStatus: sync.latest_execution_status ?? undefined,
  recordCount: sync.record_count,
  checkpoint: sync.checkpoint,
});

const Status = z.strictObject({
  id: z.string(),
  connection_id: z.string(),
  name: z.string(),
  variant: z.string(),
  type: z.enum(["INITIAL", "INCREMENTAL"]),
  status: z.enum(["RUNNING", "PAUSED", "ERROR", "STOPPED", "SUCCESS"]),
  frequency: z.string(),
  finishedAt: z.string().optional(),
  nextScheduledSyncAt: z.string().nullable(),
  latestResult: z
    .record(z.string(), z.strictObject({ added: z.number(), updated: z.number(), deleted: z.number() }))
    .optional(),
  latestExecutionStatus: z.string().optional(),
  recordCount: z.record(z.string(), z.number()),
  checkpoint: JsonObject.nullable(),
});

const COMMAND_ERRORS = ["unknown_provider_config", "no_syncs_found", ["unknown_connection", 404]] as const;

const commandEndpoint = (
  { db }: HttpDeps,
  { name, says, client, run }: { name: string; says: string; client: string; run: typeof startSync },
): Endpoint =>
  endpoint(
    {
      method: "post",
      path: `/sync/${name}`,
      tag: "Syncs",
      says,
      more: "No `connection_id` means all connections of the integration, no `syncs` all of its syncs.",
      client,
      scope: "syncs:execute",
      body: CommandBody,
      answers: { 200: { says: "Done, or it was so already.", body: Success } },
      errors: COMMAND_ERRORS,
    },
    async ({ environment, body }) => {
      const { syncs, provider_config_key: integration, connection_id: connection = null } = body;
      const scope = { environment: environment.id, integration, connection, syncs };
      await translating(
        REFUSALS,
        inTransaction(db, (client) => run(client, scope)),
      );
      return SUCCESS;
    },
  );

/** Sync control. A command is done for all syncs it names or for none; doing what is done already is a success. In a transaction for its retries: a command over many syncs can deadlock with one in another order. */
export const syncEndpoints = (deps: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "post",
      path: "/sync/trigger",
      tag: "Syncs",
      says: "Run syncs now",
      more: "Each run goes on from its checkpoint; `reset` forgets that, and with `emptyCache` the records as well. The integration and the connection may be named by headers instead.",
      client: "triggerSync",
      scope: "syncs:execute",
      headers: TriggerHeaders,
      body: TriggerBody,
      answers: { 200: { says: "Runs are ready, or there are live ones.", body: Success } },
      errors: ["missing_provider_config_key", ...COMMAND_ERRORS],
    },
    async ({ environment, headers, body }) => {
      const integration = body.provider_config_key ?? headers["provider-config-key"];
      if (integration === undefined) throw new AppError("missing_provider_config_key");
      const connection = body.connection_id ?? headers["connection-id"] ?? null;
      const scope = { environment: environment.id, integration, connection, syncs: body.syncs };
      await translating(
        REFUSALS,
        inTransaction(deps.db, (client) => triggerSync(client, { ...scope, ...modeOf(body) })),
      );
      return SUCCESS;
    },
  ),
  commandEndpoint(deps, { name: "start", says: "Start syncs on their schedule", client: "startSync", run: startSync }),
  commandEndpoint(deps, {
    name: "pause",
    says: "Pause syncs and cancel their runs",
    client: "pauseSync",
    run: pauseSync,
  }),
  endpoint(
    {
      method: "get",
      path: "/sync/status",
      tag: "Syncs",
      says: "How syncs are doing",
      client: "syncStatus",
      scope: "syncs:read",
      query: StatusQuery,
      answers: { 200: { says: "One entry a sync and connection.", body: z.strictObject({ syncs: z.array(Status) }) } },
      errors: ["unknown_provider_config", "invalid_body"],
    },
    async ({ environment, query }) => {
      const syncs = query.syncs === "*" ? null : query.syncs.split(",").filter((name) => name !== "");
      const { provider_config_key: integration, connection_id: connection = null } = query;
      const refusals: Refusals = {
        ...REFUSALS,
        "no such connection": () => fieldError("invalid_body", ["connection_id"], "there is no such connection"),
      };
      const scope = { environment: environment.id, integration, connection, syncs };
      return { syncs: (await translating(refusals, syncStatus(deps.db, scope))).map(toWire) };
    },
  ),
  endpoint(
    {
      method: "put",
      path: "/sync/update-connection-frequency",
      tag: "Syncs",
      says: "How often a sync of one connection runs",
      more: "`null` gives the sync its own frequency back.",
      client: "updateSyncConnectionFrequency",
      scope: "syncs:update",
      body: FrequencyBody,
      answers: { 200: { says: "The frequency as it is kept.", body: z.strictObject({ frequency: z.string() }) } },
      errors: ["unknown_provider_config", "unknown_connection", "unknown_sync"],
    },
    async ({ environment, body }) => {
      const work = setFrequency(deps.db, {
        environment: environment.id,
        integration: body.provider_config_key,
        connection: body.connection_id,
        sync: body.sync_name,
        variant: body.sync_variant,
        frequency: body.frequency,
      });
      const refusals: Refusals = {
        ...REFUSALS,
        "no such connection": "unknown_connection",
        "no such sync": "unknown_sync",
      };
      const frequency = await translating(refusals, work).catch((error: unknown) => {
        throw hasCode(error, "SL004") ? fieldError("invalid_body", ["frequency"], error.message, error) : error;
      });
      return { frequency };
    },
  ),
];
