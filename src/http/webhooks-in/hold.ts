// Bodies in memory: anybody who knows a webhook's URL may send some, so together they have a limit.
import { AppError } from "../../errors.ts";

const MOST_BYTES = 256 * 1024 * 1024;

/** Counts what is held: `add` throws `too_many_request` when it gets too much, `end` lets go of all of this one's. */
export const createHold = (most = MOST_BYTES) => {
  let all = 0;
  return () => {
    let own = 0;
    return {
      add: (bytes: number): void => {
        if (all + bytes > most)
          throw new AppError("too_many_request", "More webhooks come at once than the server holds.");
        all += bytes;
        own += bytes;
      },
      end: (): void => {
        all -= own;
        own = 0;
      },
    };
  };
};
