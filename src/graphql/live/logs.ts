// New lines of the log, as pages after an id.
import { type WatchedLine, watchedLogs } from "../../db/watch.ts";
import { AppError } from "../../errors.ts";
import type { Source } from "./events.ts";
import { optionalConnection, type Reading } from "./reading.ts";

const MOST_LINES = 200;
const LEVELS = ["debug", "info", "warn", "error"];
const CURSOR = /^\d{1,15}$/;

export type LogsAsked = {
  runId: string | null;
  integration: string | null;
  connectionId: string | null;
  level: string | null;
  after: string | null;
};

type Line = Omit<WatchedLine, "run_id" | "newest"> & { runId: number | null };

export type LogsEvent = { lines: Line[]; cursor: string };

const positionOf = (after: string): number => {
  if (after === "") return 0;
  if (!CURSOR.test(after))
    throw new AppError("invalid_query_params", "The argument `after` is not a cursor of the log.");
  return Number(after);
};

/** Opens the lines after a cursor: from now on without one, from the oldest for the empty one. */
export const openLogs = (reading: Reading, asked: LogsAsked) => async (): Promise<Source<LogsEvent>> => {
  const { environment, readAs, share } = reading;
  const connection = await readAs((db) => optionalConnection(db, asked));
  const scope = {
    run: asked.runId === null ? null : Number(asked.runId),
    connection,
    levels: asked.level === null ? null : LEVELS.slice(LEVELS.indexOf(asked.level)),
  };
  let after = asked.after === null ? Number.MAX_SAFE_INTEGER : positionOf(asked.after);
  let isBeginning = asked.after === null;
  const readAfter = (from: number) => {
    const name = JSON.stringify(["logs", environment, scope, from]);
    return share(name, () => readAs((db) => watchedLogs(db, { ...scope, after: from, limit: MOST_LINES })));
  };
  return {
    topic: { watched: { kind: "logs", environment }, connection },
    read: async () => {
      const rows = await readAfter(after);
      const lines = rows
        .filter(({ id }) => id !== null)
        .map(({ run_id, newest: _newest, ...line }) => ({ ...line, runId: run_id }));
      const hasMore = lines.length === MOST_LINES;
      // Everything up to the newest line has been looked at, though it may not be wanted.
      const last = hasMore ? lines.at(-1)!.id! : rows[0]!.newest;
      after = isBeginning ? last : Math.max(after, last);
      const isWanted = lines.length > 0 || isBeginning;
      isBeginning = false;
      return { events: isWanted ? [{ lines, cursor: String(after) }] : [], hasMore };
    },
  };
};
