// Runs that somebody waits for: actions, and the functions of an event that must be through before something goes on.

import { startAction } from "../db/actions.ts";
import type { Pool } from "../db/pool.ts";
import { listEventFunctions, startRun } from "../db/runs.ts";
import { AppError, type Code, hasCode } from "../errors.ts";
import { FunctionFailed } from "./function-failed.ts";
import type { LiveRuns } from "./live-runs.ts";
import { ABANDONED, type Nesting, RELEASED, type WorkOnRun } from "./work-on-run.ts";

/** So deep may actions call actions: enough for any honest use, and a circle ends after a few milliseconds. */
const DEEPEST = 5;

export type ConnectionEvent = "post-connection-creation" | "pre-connection-deletion" | "validate-connection";

/** A connection as an app knows it. */
export type ConnectionNames = { environment: number; integration: string; connection: string };

export type ActionAsked = {
  connection: number | ConnectionNames;
  name: string;
  input: unknown;
  /** Ends the run: whoever asked for it does not wait any more. */
  signal?: AbortSignal | undefined;
  /** In whose function the action was asked for. */
  nesting?: Nesting | undefined;
};

export type DirectDeps = {
  pool: Pool;
  worker: string;
  live: LiveRuns;
  isStopping: () => boolean;
  workOn: WorkOnRun;
};

const MISSING: Record<string, Code> = {
  "no such integration": "unknown_connection", // no connection stands under this pair of names
  "no such connection": "unknown_connection",
  "no such function": "not_found",
};

/** What the SQL says is missing for a run, in the API's words; any other error as it is. */
export const translateMissing = (error: unknown, kind: "action" | "on-event", name: string): unknown => {
  const code = hasCode(error, "SL002") ? MISSING[error.message] : undefined;
  if (code === undefined) return error;
  const says = code === "not_found" ? `There is no ${kind} "${name}" for this connection.` : undefined;
  return new AppError(code, says, { cause: error });
};

const start = async ({ pool, worker }: DirectDeps, kind: "action" | "on-event", { connection, name }: ActionAsked) => {
  try {
    if (typeof connection === "number") return await startRun(pool, { worker, connection, kind, name });
    return await startAction(pool, { worker, ...connection, name });
  } catch (error) {
    throw translateMissing(error, kind, name);
  }
};

const runOne =
  (deps: DirectDeps, kind: "action" | "on-event") =>
  async (asked: ActionAsked): Promise<unknown> => {
    const { live, isStopping, workOn } = deps;
    const { input, signal, nesting } = asked;
    if (isStopping() && nesting === undefined) throw new AppError("script_aborted", "The server is stopping.");
    if ((nesting?.depth ?? 0) > DEEPEST) {
      throw new AppError("action_too_deep", `"${asked.name}" is asked for ${DEEPEST + 1} actions deep.`);
    }
    const lease = await start(deps, kind, asked);
    const asIs = { payload: input, nesting, isDirect: true, isSoon: nesting === undefined };
    const ending = live.track(lease, (own) => workOn(lease, own, asIs));
    const abandon = () => live.stop(lease.id, ABANDONED);
    signal?.addEventListener("abort", abandon, { once: true });
    if (signal?.aborted) abandon();
    if (isStopping() && nesting === undefined) live.stop(lease.id, RELEASED); // asked for while the stop began
    const outcome = await ending.finally(() => signal?.removeEventListener("abort", abandon));
    if (outcome.ok) return outcome.value;
    throw new FunctionFailed(lease.id, outcome.error);
  };

/** `runAction` gives the action's value, at the cost of two statements beside what its function asks for; `runEvent` runs the functions of an event one after another and gives their failures. */
export const createDirectRuns = (deps: DirectDeps) => {
  const runAction = runOne(deps, "action");
  const runEventFunction = runOne(deps, "on-event");

  const runEvent = async (o: {
    connection: number;
    event: ConnectionEvent;
    signal?: AbortSignal;
  }): Promise<FunctionFailed[]> => {
    const failures: FunctionFailed[] = [];
    for (const { name } of await listEventFunctions(deps.pool, o)) {
      try {
        await runEventFunction({ ...o, name, input: undefined });
      } catch (error) {
        if (error instanceof FunctionFailed) failures.push(error);
        else if (!hasCode(error, "not_found")) throw error; // else it was removed a moment ago
      }
    }
    return failures;
  };
  return { runAction, runEvent };
};

export type DirectRuns = ReturnType<typeof createDirectRuns>;
