// One attempt at one run: run its function in an isolate, then write down how it ended.
import { setTimeout as sleep } from "node:timers/promises";
import type { LogWriter } from "../db/log-writer.ts";
import { failRun, finishRun, interruptRun, type Lease, releaseRun } from "../db/runs.ts";
import { AppError, hasCode } from "../errors.ts";
import { contextOf } from "../functions/host/context.ts";
import { createHost, type HostDeps } from "../functions/host/host.ts";
import type { Say } from "../functions/host/run-host.ts";
import type { IsolatePool } from "../functions/isolate-pool.ts";
import type { IsolateOutcome, RunError } from "../functions/protocol.ts";
import type { Logger } from "../log.ts";

const LONGEST_RUN_MS = 24 * 60 * 60 * 1000;
const RELEASE_AGAIN_MS = 500;

export type WorkDeps = HostDeps & {
  runIsolate: IsolatePool["run"];
  bundleOf: (id: number) => Promise<string>;
  logs: LogWriter;
  log: Logger;
  onWebhooks: () => void;
};

/** Why a signal fired: "released" gives the run back for another worker, anything else means that it is not ours any more. */
export const RELEASED = new AppError("script_aborted", "the worker is stopping");

const asRunError = (error: unknown): RunError => {
  if (!(error instanceof Error)) return { type: "script_internal_error", message: String(error) };
  const { code } = error as { code?: unknown };
  return { type: typeof code === "string" ? code : "script_internal_error", message: error.message };
};

const execute = async (
  deps: WorkDeps,
  lease: Lease,
  host: ReturnType<typeof createHost>,
  signal: AbortSignal,
): Promise<IsolateOutcome> => {
  try {
    const bundle = await deps.bundleOf(lease.function_id);
    await host.start(bundle);
    const outcome = await deps.runIsolate({
      bundle,
      hash: lease.function_hash,
      entry: "exec",
      context: contextOf(lease, deps.catalogue),
      call: host.call,
      signal,
      timeoutMs: LONGEST_RUN_MS,
    });
    if (outcome.ok) await host.end();
    else if (!signal.aborted) await host.keep();
    return outcome;
  } catch (error) {
    if (hasCode(error, "SL001") || hasCode(error, "database_unavailable")) throw error;
    return { ok: false, error: asRunError(error) };
  }
};

const conclude = async (
  deps: WorkDeps,
  { lease, host, say }: { lease: Lease; host: ReturnType<typeof createHost>; say: Say },
  outcome: IsolateOutcome,
): Promise<void> => {
  const fence = { run: lease.id, token: lease.token };
  if (host.isInterrupted()) {
    const next = await interruptRun(deps.pool, fence);
    const message = next === null ? "stalled: interrupted again without progress" : "interrupted after its time slice";
    say({ kind: "run", level: next === null ? "error" : "info", message, detail: { next_run: next } });
    return;
  }
  if (outcome.ok) {
    const webhooks = await finishRun(deps.pool, fence);
    if (webhooks > 0) deps.onWebhooks();
    say({ kind: "run", level: "info", message: "succeeded", detail: { webhooks } });
    return;
  }
  const error = host.redact(outcome.error) as RunError;
  const webhooks = await failRun(deps.pool, { ...fence, error });
  if (webhooks > 0) deps.onWebhooks();
  say({ kind: "run", level: "error", message: `failed: ${error.message}`, detail: error });
};

// Without a database there is no verdict on a run: once it is back, another worker goes on from the checkpoint at once.
// Meanwhile the run counts as ours, and its lease is renewed as soon as that is possible.
const giveBack = async (deps: WorkDeps, { id: run, token }: Lease, signal: AbortSignal): Promise<void> => {
  deps.log.warn({ event: "run.without_database", run }, "given back when the database is there");
  for (;;) {
    try {
      await releaseRun(deps.pool, { run, token });
      return;
    } catch (error) {
      if (signal.aborted || !hasCode(error, "database_unavailable")) throw error;
      await sleep(RELEASE_AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }
};

/**
 * Work on a claimed run until it ends, is lost or `signal` fires. Never rejects: what goes wrong is the run's error; when
 * the database goes away the run is given back, and what cannot be given back is left to the lease, which ends by itself.
 */
export const workOnRun =
  (deps: WorkDeps) =>
  async (lease: Lease, signal: AbortSignal): Promise<void> => {
    const ids = {
      environment_id: lease.environment_id,
      connection_id: lease.connection_id,
      sync_id: lease.sync_id,
      run_id: lease.id,
    };
    const say: Say = (line) => deps.logs.write({ ...ids, ...line });
    const host = createHost({ ...deps, lease, say, signal });
    say({ kind: "run", level: "info", message: "started", detail: { attempt: lease.attempt, sync: lease.sync_name } });
    const work = async (): Promise<void> => {
      const outcome = await execute(deps, lease, host, signal);
      if (host.isDatabaseLost()) throw new AppError("database_unavailable");
      if (signal.reason === RELEASED) await releaseRun(deps.pool, { run: lease.id, token: lease.token });
      else if (!signal.aborted) await conclude(deps, { lease, host, say }, outcome);
    };
    try {
      await work().catch(async (error) => {
        if (signal.aborted || !hasCode(error, "database_unavailable")) throw error;
        await giveBack(deps, lease, signal);
      });
    } catch (err) {
      const isLost = hasCode(err, "SL001");
      deps.log[isLost ? "info" : "warn"](
        { event: isLost ? "run.lost" : "run.left", run: lease.id, err },
        "not ended here",
      );
    }
  };
