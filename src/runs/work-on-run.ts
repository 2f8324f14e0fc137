// One attempt at one run: run its function in an isolate, then write down how it ended.
import { setTimeout as sleep } from "node:timers/promises";
import { failAction, finishAction } from "../db/actions.ts";
import type { Bell } from "../db/bell.ts";
import type { LogWriter } from "../db/log-writer.ts";
import { cancelRun, failRun, finishRun, interruptRun, type Lease, releaseRun } from "../db/runs.ts";
import { AppError, hasCode } from "../errors.ts";
import { contextOf } from "../functions/host/context.ts";
import type { RunAction } from "../functions/host/control.ts";
import { createHost, type HostDeps } from "../functions/host/host.ts";
import type { Say } from "../functions/host/run-host.ts";
import { abortError } from "../functions/isolate-errors.ts";
import type { IsolatePool } from "../functions/isolate-pool.ts";
import type { IsolateJob, IsolateOutcome, RunError } from "../functions/protocol.ts";
import type { Logger } from "../log.ts";
import { takeCalls } from "./webhook-calls.ts";

const RELEASE_AGAIN_MS = 500;
const START_WITHIN_MS = 30_000; // then an answer is late anyway, and more of them pile up

/** How deep in runs of other functions a run stands, and the run it was asked for in. */
export type Nesting = { caller: string; depth: number };

export type WorkDeps = HostDeps & {
  runIsolate: IsolatePool["run"];
  bundleOf: (id: number) => Promise<string>;
  /** Without it there is no triggerAction. */
  runNested?: (asked: Parameters<RunAction>[0] & { nesting: Nesting }) => Promise<unknown>;
  logs: LogWriter;
  log: Logger;
  onWebhooks: () => void;
  bell: Bell;
};

export type WorkOnRun = ReturnType<typeof workOnRun>;

/** What a run is worked on with beside its lease. */
export type Asked = {
  payload?: unknown;
  nesting?: Nesting | undefined;
  /** It has places that syncs cannot take. */
  isDirect?: boolean;
  /** Somebody waits for it, so it fails when it finds no place soon. */
  isSoon?: boolean;
  /** How the run ends is kept, sealed like this, for whoever asks later. */
  seal?: ((outcome: IsolateOutcome) => Promise<Buffer>) | undefined;
};

type Work = { lease: Lease; host: ReturnType<typeof createHost>; say: Say; signal: AbortSignal; asked: Asked };

/** Why a signal fired: the process stops; a run of a sync goes to another worker, any other has failed. */
export const RELEASED = new AppError("script_aborted", "The server was stopped while this ran.");
/** Why a signal fired: whoever waited for the run has gone. For any other reason the run is not ours any more. */
export const ABANDONED = new AppError("script_aborted", "Nobody waits for this run any more.");

/** Another worker may go on with it. */
const isOfSync = ({ kind }: Lease): boolean => kind === "sync" || kind === "webhook";

const asRunError = (error: unknown): RunError => {
  if (!(error instanceof Error)) return { type: "script_internal_error", message: String(error) };
  const { code } = error as { code?: unknown };
  return { type: typeof code === "string" ? code : "script_internal_error", message: error.message };
};

const execute = async (deps: WorkDeps, { lease, host, signal, asked }: Work): Promise<IsolateOutcome> => {
  if (signal.aborted) return { ok: false, error: abortError() };
  try {
    const called =
      lease.kind === "webhook" ? await takeCalls(deps, lease) : { entry: "exec" as const, payload: asked.payload };
    if (called === undefined) return { ok: true };
    const bundle = await deps.bundleOf(lease.function_id);
    await host.start(bundle);
    const job: IsolateJob = {
      bundle,
      hash: lease.function_hash,
      ...called,
      context: contextOf(lease, deps.catalogue),
      call: host.call,
      signal,
      timeoutMs: lease.timeout_ms,
    };
    const { isDirect, isSoon } = asked;
    const startWithinMs = isSoon ? START_WITHIN_MS : undefined;
    const outcome = await deps.runIsolate(job, { caller: asked.nesting?.caller, isDirect, startWithinMs });
    if (outcome.ok) await host.end();
    else if (!signal.aborted) await host.keep();
    return outcome;
  } catch (error) {
    if (hasCode(error, "SL001") || hasCode(error, "database_unavailable")) throw error;
    return { ok: false, error: asRunError(error) };
  }
};

const writeEnd = async ({ pool }: WorkDeps, { lease, asked }: Work, outcome: IsolateOutcome): Promise<number> => {
  const fence = { run: lease.id, token: lease.token };
  const kept = await asked.seal?.(outcome);
  if (outcome.ok) return kept === undefined ? finishRun(pool, fence) : finishAction(pool, { ...fence, outcome: kept });
  const { error } = outcome;
  return kept === undefined ? failRun(pool, { ...fence, error }) : failAction(pool, { ...fence, error, outcome: kept });
};

const conclude = async (deps: WorkDeps, work: Work, outcome: IsolateOutcome): Promise<void> => {
  const { lease, host, say } = work;
  const fence = { run: lease.id, token: lease.token };
  if (host.isInterrupted()) {
    const next = await interruptRun(deps.pool, fence);
    const message = next === null ? "stalled: interrupted again without progress" : "interrupted after its time slice";
    say({ kind: "run", level: next === null ? "error" : "info", message, detail: { next_run: next } });
    return;
  }
  const webhooks = await writeEnd(deps, work, outcome);
  if (webhooks > 0) deps.onWebhooks();
  if (outcome.ok) say({ kind: "run", level: "info", message: "succeeded", detail: { webhooks } });
  else say({ kind: "run", level: "error", message: `failed: ${outcome.error.message}`, detail: outcome.error });
};

const concludeStopped = async (deps: WorkDeps, work: Work): Promise<IsolateOutcome> => {
  const { lease, say, signal } = work;
  const isReason = signal.reason === RELEASED || signal.reason === ABANDONED;
  const outcome: IsolateOutcome = { ok: false, error: isReason ? asRunError(signal.reason) : abortError() };
  if (signal.reason === ABANDONED) {
    await cancelRun(deps.pool, { run: lease.id });
    say({ kind: "run", level: "warn", message: "cancelled: nobody waits for it any more" });
  } else if (signal.reason === RELEASED) {
    if (isOfSync(lease)) await releaseRun(deps.pool, { run: lease.id, token: lease.token });
    else await conclude(deps, work, outcome);
  }
  return outcome;
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

const workWith = async (deps: WorkDeps, work: Work): Promise<IsolateOutcome> => {
  const { lease, host, signal } = work;
  try {
    const found = await execute(deps, work);
    if (host.isDatabaseLost()) throw new AppError("database_unavailable");
    if (signal.aborted) return await concludeStopped(deps, work); // what it returned then may rest on refused calls
    const outcome: IsolateOutcome = found.ok ? found : { ok: false, error: host.redact(found.error) as RunError };
    await conclude(deps, work, outcome);
    return outcome;
  } catch (error) {
    if (signal.aborted || !isOfSync(lease) || !hasCode(error, "database_unavailable")) throw error;
    await giveBack(deps, lease, signal);
    return { ok: false, error: asRunError(error) };
  }
};

/**
 * Work on a run that is held until it ends, is lost or `signal` fires; how its function ended. Never rejects: what goes wrong
 * is the run's error. When the database goes away the run of a sync is given back, and what cannot be given back is left to
 * the lease, which ends by itself.
 */
export const workOnRun =
  (deps: WorkDeps) =>
  async (lease: Lease, signal: AbortSignal, asked: Asked = {}): Promise<IsolateOutcome> => {
    const ids = {
      environment_id: lease.environment_id,
      connection_id: lease.connection_id,
      sync_id: lease.sync_id,
      run_id: lease.id,
    };
    const say: Say = (line) => deps.logs.write({ ...ids, ...line });
    const ended = new AbortController();
    const nesting = { caller: String(lease.id), depth: (asked.nesting?.depth ?? 0) + 1 };
    const runAction: RunAction | undefined =
      deps.runNested && ((o) => deps.runNested!({ ...o, signal: AbortSignal.any([o.signal, ended.signal]), nesting }));
    const onSaved = () => deps.bell("records", lease.connection_id);
    const host = createHost({ ...deps, runAction, lease, say, signal, onSaved });
    deps.bell("runs", lease.connection_id);
    const { caller } = asked.nesting ?? {};
    const detail = { attempt: lease.attempt, [lease.kind]: lease.sync_name, ...(caller && { caller: Number(caller) }) };
    say({ kind: "run", level: "info", message: "started", detail });
    try {
      return await workWith(deps, { lease, host, say, signal, asked });
    } catch (err) {
      const isLost = hasCode(err, "SL001");
      deps.log[isLost ? "info" : "warn"](
        { event: isLost ? "run.lost" : "run.left", run: lease.id, err },
        "not ended here",
      );
      return { ok: false, error: isLost ? abortError() : asRunError(err) };
    } finally {
      ended.abort();
      deps.bell("runs", lease.connection_id);
    }
  };
