// State changes of runs. Runs have no order of changes to read by, so a subscription remembers how those that are live were
// when it last looked, and looks again: what changed twice in between is told once, as it is then.
import { newestRun, type WatchedRun, watchedRuns, watchedSync } from "../../db/watch.ts";
import { AppError } from "../../errors.ts";
import type { Page, Source } from "./events.ts";
import { optionalConnection, type Reading } from "./reading.ts";

const MOST_RUNS = 5_000;
// Runs get their numbers before they are committed, so one may appear behind later ones: for a minute and up to two those
// behind are looked at too. No transaction of ours that makes runs lasts longer than a minute (statement_timeout).
const BEHIND_MS = 60_000;

export type RunsAsked = {
  runId: string | null;
  syncId: string | null;
  integration: string | null;
  connectionId: string | null;
};

export type RunEvent = { runId: number; state: string };

type Scope = { connection: number | null; sync: number | null; run: number | null };

const isLive = ({ state }: WatchedRun): boolean => state === "ready" || state === "running";

/** What changed since it was last asked. */
const createMemory = (newest: number) => {
  const marks = new Map<number, { mark: string; isLive: boolean }>();
  let floor = newest;
  let nextFloor = newest;
  let top = newest;
  let raisedAt = Date.now();

  const raise = (): void => {
    if (Date.now() - raisedAt < BEHIND_MS) return;
    raisedAt = Date.now();
    floor = nextFloor;
    nextFloor = top;
    for (const [id, run] of marks) if (id <= floor && !run.isLive) marks.delete(id);
  };
  return {
    floor: () => floor,
    known: () => [...marks].flatMap(([id, run]) => (run.isLive ? [id] : [])),
    changed: (rows: WatchedRun[]): WatchedRun[] => {
      const found = rows.filter((run) => marks.get(run.id)?.mark !== `${run.state} ${run.token}`);
      for (const run of found) {
        marks.set(run.id, { mark: `${run.state} ${run.token}`, isLive: isLive(run) });
        top = Math.max(top, run.id);
      }
      raise();
      return found;
    },
  };
};

const scopeOf = async ({ readAs }: Reading, asked: RunsAsked): Promise<Scope & { newest: number }> =>
  await readAs(async (db) => {
    const newest = await newestRun(db, {});
    if (asked.runId !== null) {
      const run = Number(asked.runId);
      const [found] = await watchedRuns(db, { connection: null, sync: null, run, after: null, known: [], limit: 1 });
      if (found === undefined) throw new AppError("not_found", "There is no such run.");
      return { run, sync: null, connection: found.connection_id, newest };
    }
    if (asked.syncId !== null) {
      const [found] = await watchedSync(db, { sync: asked.syncId });
      if (found === undefined) throw new AppError("not_found", "There is no such sync.");
      return { run: null, sync: found.id, connection: found.connection_id, newest };
    }
    return { run: null, sync: null, connection: await optionalConnection(db, asked), newest };
  });

/** Opens the state changes of a run, until it has ended, or of the runs of a sync, a connection or the environment; those that are live come first. */
export const openRuns = (reading: Reading, asked: RunsAsked) => async (): Promise<Source<RunEvent>> => {
  const { newest, ...scope } = await scopeOf(reading, asked);
  const memory = createMemory(newest);
  let isBeginning = true;
  return {
    topic: {
      watched: { kind: "runs", environment: reading.environment, ...scope },
      connection: scope.connection,
      known: memory.known,
    },
    read: async (): Promise<Page<RunEvent>> => {
      const after = isBeginning ? null : memory.floor();
      const known = memory.known();
      const rows = await reading.readAs((db) => watchedRuns(db, { ...scope, after, known, limit: MOST_RUNS }));
      const events = memory.changed(rows).map(({ id, state }) => ({ runId: id, state }));
      const isLast = scope.run !== null && !rows.some(isLive);
      const hasMore = isBeginning && !isLast; // what was made while it looked at those that are live
      isBeginning = false;
      return { events, hasMore, isLast };
    },
  };
};
