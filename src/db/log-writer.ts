// Log lines on their way to the database: collected in memory, written in batches outside every transaction of the work.
// Logging never fails a run and never grows without bound: past 20,000 waiting lines the least important new ones go.
// Lines wait for a database that is away; they are written twice rather than lost when it went in the middle of a write.
import { hasCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Db } from "./fn.ts";
import { appendLogs, type LogLine } from "./logs.ts";

const BATCH_LINES = 1_000;
const WRITE_EVERY_MS = 200;
const TRY_AGAIN_MS = 1_000;
const MOST_WAITING = 20_000;

export type LogWriter = {
  write: (line: Omit<LogLine, "at">) => void;
  /** Resolves when all lines given so far are written or given up. */
  flush: () => Promise<void>;
};

/** A writer of log lines; a batch that the database refuses is reported and dropped. */
export const createLogWriter = ({ db, log }: { db: Db; log: Logger }): LogWriter => {
  const waiting: LogLine[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;

  /** False when there is no database to write to. */
  const writeBatch = async (): Promise<boolean> => {
    const lines = waiting.splice(0, BATCH_LINES);
    try {
      await appendLogs(db, { rows: lines });
    } catch (err) {
      if (hasCode(err, "database_unavailable")) {
        waiting.unshift(...lines);
        return false;
      }
      log.warn({ event: "logs.not_written", lines: lines.length, err }, "log lines could not be written");
    }
    return true;
  };

  const writeInMs = (ms: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      writeAll();
    }, ms);
    timer.unref();
  };

  const writeAll = (): Promise<void> => {
    writing = writing.then(async () => {
      while (waiting.length > 0 && (await writeBatch()));
      if (waiting.length > 0) writeInMs(TRY_AGAIN_MS);
      if (dropped > 0) log.warn({ event: "logs.dropped", lines: dropped }, "too many log lines at once");
      dropped = 0;
    });
    return writing;
  };

  return {
    write: (line) => {
      if (waiting.length >= MOST_WAITING && line.level !== "error") {
        dropped += 1;
        return;
      }
      waiting.push({ ...line, at: new Date().toISOString() });
      writeInMs(WRITE_EVERY_MS);
    },
    flush: () => {
      clearTimeout(timer);
      timer = undefined;
      return writeAll();
    },
  };
};
