// Actions whose result is kept: those that a worker runs later, and those asked for under an idempotency key.
// Input and outcome rest in the database, sealed with the connection's key.
import { randomUUID } from "node:crypto";
import { canonicalJson } from "../crypto/canonical-json.ts";
import type { DataKeys } from "../crypto/data-keys.ts";
import { actionInputPlace, actionOutcomePlace } from "../crypto/places.ts";
import { contentHash, openJson, sealJson } from "../crypto/seal.ts";
import {
  type AskedAction,
  askAction,
  findActionResult,
  getActionInput,
  leaseOfRun,
  releaseAction,
} from "../db/actions.ts";
import type { Lease } from "../db/runs.ts";
import { AppError, type Json } from "../errors.ts";
import type { IsolateOutcome } from "../functions/protocol.ts";
import type { Logger } from "../log.ts";
import { type DirectDeps, translateMissing } from "./direct.ts";
import { FunctionFailed } from "./function-failed.ts";
import { RELEASED } from "./work-on-run.ts";

export type KeptDeps = DirectDeps & { keys: DataKeys; log: Logger };

type Named = { environment: number; connection: number; name: string; input: unknown };
type Ended = Pick<AskedAction, "outcome_sealed" | "error" | "run_id">;

export type KeptActions = ReturnType<typeof createKeptActions>;

const settle = (outcome: IsolateOutcome, run: number | null): unknown => {
  if (outcome.ok) return outcome.value ?? null;
  throw new FunctionFailed(run ?? 0, outcome.error);
};

const withoutStack = (outcome: IsolateOutcome): IsolateOutcome => {
  if (outcome.ok) return outcome;
  const { stack: _stack, ...error } = outcome.error;
  return { ok: false, error };
};

/**
 * `run` runs an action, or gives what came of the call that used its key first; it goes on when its caller goes away, as the
 * result can be had by asking again. `ask` leaves one to a worker and gives its id, `work` runs what a worker has claimed.
 * `resultOf` gives how either kind ended: null while it has not.
 */
export const createKeptActions = (deps: KeptDeps) => {
  const { pool, keys, worker, live, isStopping, workOn, log } = deps;
  const mine = new Map<string, Promise<IsolateOutcome>>(); // what runs here under a key, by its id

  const sealerOf = (connection: number, uid: string) => async (outcome: IsolateOutcome) =>
    sealJson(await keys.ofConnection(connection), withoutStack(outcome) as Json, actionOutcomePlace(uid));

  const open = async (connection: number, uid: string, { outcome_sealed: sealed, error, run_id }: Ended) => {
    if (sealed === null) return settle({ ok: false, error: error! }, run_id);
    const outcome = openJson(await keys.ofConnection(connection), sealed, actionOutcomePlace(uid));
    return settle(outcome as IsolateOutcome, run_id);
  };

  const askFor = async (uid: string, o: Named & { isAsync: boolean; maxRetries: number; key: string | null }) => {
    const { connection, name, isAsync, maxRetries, key } = o;
    const dataKey = await keys.ofConnection(connection);
    const input = { input: o.input } as Json;
    const asked = await askAction(pool, {
      uid,
      connection,
      name,
      isAsync,
      inputSealed: isAsync ? sealJson(dataKey, input, actionInputPlace(uid)) : null,
      maxRetries,
      key,
      inputHash: key === null ? null : contentHash(dataKey, canonicalJson(input)),
      worker,
    }).catch((error) => {
      throw translateMissing(error, "action", name);
    });
    if (!asked.is_same_input) throw new AppError("idempotency_key_reused");
    return asked;
  };

  const former = async ({ environment, connection }: Named, asked: AskedAction): Promise<unknown> => {
    const { uid, state, run_id: run } = asked;
    if (state === "succeeded" || state === "failed") return open(connection, uid, asked);
    const running = mine.get(uid);
    if (running !== undefined) return settle(await running, run);
    const ended = await findActionResult(pool, { environment, uid }); // just now perhaps
    if (ended !== null) return open(connection, uid, ended);
    throw new AppError("action_in_progress", undefined, { payload: { id: uid, statusUrl: `/action/${uid}` } });
  };

  const begin = async (uid: string, { connection, input }: Named, run: number): Promise<IsolateOutcome> => {
    const lease = await leaseOfRun(pool, { run });
    const seal = sealerOf(connection, uid);
    const ending = live.track(lease, (own) =>
      workOn(lease, own, { payload: input, isDirect: true, isSoon: true, seal }),
    );
    if (isStopping()) live.stop(run, RELEASED); // asked for while the stop began
    return await ending;
  };

  const run = async (o: Named & { key: string }): Promise<unknown> => {
    if (isStopping()) throw new AppError("script_aborted", "The server is stopping.");
    const uid = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<IsolateOutcome>();
    promise.catch(() => {}); // its own caller hears of it below
    mine.set(uid, promise);
    try {
      const asked = await askFor(uid, { ...o, isAsync: false, maxRetries: 0 });
      if (!asked.is_new) return await former(o, asked);
      const outcome = await begin(uid, o, asked.run_id!);
      resolve(outcome);
      return settle(outcome, asked.run_id);
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      mine.delete(uid);
    }
  };

  const workClaimed = async (lease: Lease, signal: AbortSignal): Promise<void> => {
    const { uid, input_sealed: sealed } = await getActionInput(pool, { run: lease.id });
    const key = await keys.ofConnection(lease.connection_id);
    const { input: payload } = openJson(key, sealed, actionInputPlace(uid)) as { input?: Json };
    await workOn(lease, signal, { payload, isDirect: true, seal: sealerOf(lease.connection_id, uid) });
  };

  return {
    run,
    ask: async (o: Named & { maxRetries: number; key: string | null }): Promise<string> =>
      (await askFor(randomUUID(), { ...o, isAsync: true })).uid,
    resultOf: async (o: { environment: number; uid: string }): Promise<{ value: unknown } | null> => {
      const ended = await findActionResult(pool, o);
      return ended && { value: await open(ended.connection_id, o.uid, ended) };
    },
    /** Never rejects: what could not be begun is left to the run's lease. */
    work: async (lease: Lease): Promise<void> => {
      const release = () => releaseAction(pool, { run: lease.id, token: lease.token }); // claimed while the stop began
      const ending = isStopping() ? release() : live.track(lease, (signal) => workClaimed(lease, signal));
      await ending.catch((err) => log.warn({ event: "run.left", run: lease.id, err }, "not begun here"));
    },
  };
};
