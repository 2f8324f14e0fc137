// Log lines on their way to the database: collected in memory, written in batches outside every transaction of the work.
// Logging never fails a run and never grows without bound: past 20,000 waiting lines the least important new ones go.
import type { Logger } from "../log.ts";
import type { Db } from "./fn.ts";
import { appendLogs, type LogLine } from "./logs.ts";

const BATCH_LINES = 1_000;
const WRITE_EVERY_MS = 200;
const MOST_WAITING = 20_000;

export type LogWriter = {
  write: (line: Omit<LogLine, "at">) => void;
  /** Resolves when all lines given so far are written or given up. */
  flush: () => Promise<void>;
};

/** A writer of log lines; a batch that cannot be written is reported and dropped. */
export const createLogWriter = ({ db, log }: { db: Db; log: Logger }): LogWriter => {
  const waiting: LogLine[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;

  const writeBatch = async (): Promise<void> => {
    const lines = waiting.splice(0, BATCH_LINES);
    if (lines.length === 0) return;
    try {
      await appendLogs(db, { rows: lines });
    } catch (err) {
      log.warn({ event: "logs.not_written", lines: lines.length, err }, "log lines could not be written");
    }
  };

  const writeAll = (): Promise<void> => {
    timer = undefined;
    writing = writing.then(async () => {
      while (waiting.length > 0) await writeBatch();
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
      timer ??= setTimeout(writeAll, WRITE_EVERY_MS);
      timer.unref();
    },
    flush: () => {
      clearTimeout(timer);
      return writeAll();
    },
  };
};
