// Bindings of sql/51_watch.sql: what subscriptions ask for.
import { z } from "zod";
import { fn, rows, rowsUnchecked, value } from "./fn.ts";

/** One thing that is watched, as `watch_marks` wants it; `n` is the caller's number for it. */
export type Watched =
  | { kind: "records"; connection: number; model: string; variant: string }
  | { kind: "runs"; environment: number; connection: number | null; sync: number | null; run: number | null }
  | { kind: "logs"; environment: number };

export const watchMarks = fn("watch_marks", { watches: "jsonb" }, rowsUnchecked<{ n: number; mark: string | null }>());

export const watchedSync = fn(
  "watched_sync",
  { sync: "uuid" },
  rows(z.object({ id: z.number(), connection_id: z.number() })),
);

export const watchedHead = fn(
  "watched_head",
  { connection: "int", model: "text", variant: "text" },
  rows(z.object({ stream_id: z.number(), pos: z.number() })),
);

export type WatchedRun = { id: number; state: string; token: number; connection_id: number };

export const watchedRuns = fn(
  "watched_runs",
  { connection: "int", sync: "int", run: "bigint", after: "bigint", known: "bigint[]", limit: "int" },
  rowsUnchecked<WatchedRun>(),
);
export const newestRun = fn("newest_run", {}, value(z.number()));

/** A line of the log; `newest` is the id of the environment's newest line, which also comes alone when there is no line. */
export type WatchedLine = {
  id: number | null;
  at: string;
  kind: string;
  level: string;
  message: string;
  detail: unknown;
  run_id: number | null;
  newest: number;
};

export const watchedLogs = fn(
  "watched_logs",
  { run: "bigint", connection: "int", levels: "text[]", after: "bigint", limit: "int" },
  rowsUnchecked<WatchedLine>(),
);
