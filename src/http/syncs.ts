// POST /sync/trigger, /sync/start, /sync/pause, GET /sync/status, PUT /sync/update-connection-frequency.
import type { Request, Response } from "express";
import { z } from "zod";
import { pauseSync, type SyncStatus, setFrequency, startSync, syncStatus, triggerSync } from "../db/sync-control.ts";
import { inTransaction } from "../db/tx.ts";
import { AppError, hasCode } from "../errors.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { ConnectionId, Name, ProviderConfigKey } from "./patterns.ts";
import { SyncName } from "./sync-names.ts";
import { fieldError, type Refusals, readBody, readHeaders, readQuery, refuseQuery, translating } from "./validate.ts";

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

/** Sync control. A command is done for all syncs it names or for none; doing what is done already is a success. In a transaction for its retries: a command over many syncs can deadlock with one in another order. */
export const installSyncs: Install = (app, { db }) => {
  app.post("/sync/trigger", async (req, res) => {
    refuseQuery(req);
    const headers = readHeaders(req, TriggerHeaders);
    const body = readBody(req, TriggerBody);
    const integration = body.provider_config_key ?? headers["provider-config-key"];
    if (integration === undefined) throw new AppError("missing_provider_config_key");
    const connection = body.connection_id ?? headers["connection-id"] ?? null;
    const scope = { environment: environmentOf(res).id, integration, connection, syncs: body.syncs };
    await translating(
      REFUSALS,
      inTransaction(db, (client) => triggerSync(client, { ...scope, ...modeOf(body) })),
    );
    res.json({ success: true });
  });

  const command = (run: typeof startSync) => async (req: Request, res: Response) => {
    refuseQuery(req);
    const { syncs, provider_config_key: integration, connection_id: connection = null } = readBody(req, CommandBody);
    const scope = { environment: environmentOf(res).id, integration, connection, syncs };
    await translating(
      REFUSALS,
      inTransaction(db, (client) => run(client, scope)),
    );
    res.json({ success: true });
  };
  app.post("/sync/start", command(startSync));
  app.post("/sync/pause", command(pauseSync));

  app.get("/sync/status", async (req, res) => {
    const query = readQuery(req, StatusQuery);
    const syncs = query.syncs === "*" ? null : query.syncs.split(",").filter((name) => name !== "");
    const { provider_config_key: integration, connection_id: connection = null } = query;
    const refusals: Refusals = {
      ...REFUSALS,
      "no such connection": () => fieldError("invalid_body", ["connection_id"], "there is no such connection"),
    };
    const scope = { environment: environmentOf(res).id, integration, connection, syncs };
    res.json({ syncs: (await translating(refusals, syncStatus(db, scope))).map(toWire) });
  });

  app.put("/sync/update-connection-frequency", async (req, res) => {
    refuseQuery(req);
    const body = readBody(req, FrequencyBody);
    const work = setFrequency(db, {
      environment: environmentOf(res).id,
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
    res.json({ frequency });
  });
};
