// What the log says of webhooks that need somebody's eye: those that were refused, and ids that came with another body. Of an
// integration at most 60 a minute and process are written down; the others are counted into one line, so that nobody fills
// the disk by sending nonsense.
import type { LogWriter } from "../../db/log-writer.ts";
import type { Target } from "./target.ts";

const MOST_A_MINUTE = 60;
const MINUTE_MS = 60_000;

type Minute = { target: Target; noted: number; left: number };

export type Notes = {
  /** False when there were too many of this integration in this minute: then it was only counted. */
  mayNote: (target: Target) => boolean;
  note: (target: Target, message: string, detail: Record<string, string>) => void;
};

/** Notes of one process. */
export const createNotes = (logs: Pick<LogWriter, "write">): Notes => {
  const minutes = new Map<number, Minute>();

  const write = ({ environment, uniqueKey }: Target, message: string, detail: Record<string, unknown>): void =>
    logs.write({
      environment_id: environment,
      kind: "webhook",
      level: "warn",
      message,
      detail: { integration: uniqueKey, ...detail },
    });

  const begin = (target: Target): Minute => {
    const minute = { target, noted: 0, left: 0 };
    minutes.set(target.integration, minute);
    const end = (): void => {
      minutes.delete(target.integration);
      if (minute.left > 0)
        write(target, `${minute.left} more webhooks were refused within a minute`, { more: minute.left });
    };
    setTimeout(end, MINUTE_MS).unref();
    return minute;
  };

  return {
    mayNote: (target) => {
      const minute = minutes.get(target.integration) ?? begin(target);
      if (minute.noted < MOST_A_MINUTE) minute.noted += 1;
      else minute.left += 1;
      return minute.left === 0;
    },
    note: write,
  };
};
