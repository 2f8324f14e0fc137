// A function that is deployed nowhere, run for a connection without storing anything: what `syncline dryrun` asks for.
import { findConnection } from "../db/connections.ts";
import type { Lease } from "../db/runs.ts";
import { AppError } from "../errors.ts";
import type { CompiledFunction } from "../functions/definition.ts";
import { contextOf } from "../functions/host/context.ts";
import { createDryHost, type DryEvent, type DryStubs } from "../functions/host/dry-host.ts";
import type { HostDeps } from "../functions/host/host.ts";
import type { IsolatePool } from "../functions/isolate-pool.ts";
import type { IsolateJob, IsolateOutcome, RunError } from "../functions/protocol.ts";

const LONGEST_MS = 60 * 60 * 1000;

export type DryAsked = {
  environment: { id: number; name: string };
  connection: string;
  compiled: CompiledFunction;
  variant: string;
  input?: unknown;
  /** A webhook's payload: its handler is run instead of exec. */
  webhook?: unknown;
  lastSyncDate: string | null;
  /** Data that does not match its schema ends the run; otherwise it is logged. */
  validate: boolean;
  stubs: DryStubs;
};

/** Rejects when there is no such connection, before anything is told; a failure of the function is in the outcome. */
export type DryRun = (asked: DryAsked, tell: (event: DryEvent) => void, signal: AbortSignal) => Promise<IsolateOutcome>;

const leaseOf = async (pool: HostDeps["pool"], asked: DryAsked): Promise<Lease> => {
  const { environment, compiled, connection: name, variant } = asked;
  const { integration } = compiled;
  const kind = asked.webhook === undefined ? compiled.kind : "webhook";
  const found = await findConnection(pool, { environment: environment.id, integration, connection: name });
  if (found === null) throw new AppError("unknown_connection", `"${integration}" has no connection "${name}" here.`);
  return {
    id: 0,
    token: 0,
    attempt: 1,
    kind,
    environment_id: environment.id,
    environment_name: environment.name,
    connection_id: found.id,
    connection_name: name,
    integration_id: found.integration_id,
    provider_config_key: integration,
    provider: found.provider,
    sync_name: compiled.name,
    variant,
    function_id: 0,
    function_hash: compiled.hash,
    models: Object.keys(compiled.definition.models),
    track_deletes: compiled.definition.track_deletes,
    empty_cache: false,
    last_success_at: asked.lastSyncDate,
    started_at: new Date().toISOString(),
    record_validation: asked.validate ? "enforce" : "warn",
    delivers: false,
    sync_id: null,
    sync_uid: null,
    timeout_ms: LONGEST_MS,
  };
};

const entryOf = ({ compiled, input, webhook }: DryAsked): Pick<IsolateJob, "entry" | "payload"> => {
  if (webhook === undefined) return { entry: "exec", payload: input };
  const isBatch = compiled.definition.has_on_webhook_batch === true;
  return isBatch ? { entry: "onWebhookBatch", payload: [webhook] } : { entry: "onWebhook", payload: webhook };
};

/** Dry runs of one process, in its isolates. */
export const createDryRun =
  (deps: HostDeps & { runIsolate: IsolatePool["run"] }): DryRun =>
  async (asked, tell, signal) => {
    const lease = await leaseOf(deps.pool, asked);
    const host = createDryHost({ ...deps, lease, signal, stubs: asked.stubs, tell });
    const { bundle, hash } = asked.compiled;
    const job: IsolateJob = {
      bundle,
      hash,
      ...entryOf(asked),
      context: { ...contextOf(lease, deps.catalogue), isCLI: true },
      call: host.call,
      signal,
      timeoutMs: LONGEST_MS,
    };
    const outcome = await deps.runIsolate(job, { isDirect: true });
    return outcome.ok ? outcome : { ok: false, error: host.redact(outcome.error) as RunError };
  };
