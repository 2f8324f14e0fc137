// The task behind the doorbell "inbox": finds out for whom providers' webhooks are, some hundred in a transaction, so that
// nothing is locked for long, and after some seconds gives its place to whoever waits for one.
import type { Db } from "../db/fn.ts";
import { ringInbox } from "../db/inbox.ts";
import { handleInbox } from "../db/webhook-calls.ts";

const AT_ONCE = 200;
const LONGEST_MS = 5_000;

/** Handle what waits until nothing does, the worker stops or it has taken its time. `onForwards` is told when the app is owed something. */
export const createInboxTask =
  ({ db, onForwards, isStopping }: { db: Db; onForwards: () => void; isStopping: () => boolean }) =>
  async (): Promise<void> => {
    const until = performance.now() + LONGEST_MS;
    while (!isStopping()) {
      const { forwards, has_more: hasMore } = await handleInbox(db, { limit: AT_ONCE });
      if (forwards > 0) onForwards();
      if (!hasMore) return;
      if (performance.now() < until) continue;
      await ringInbox(db, {});
      return;
    }
  };
