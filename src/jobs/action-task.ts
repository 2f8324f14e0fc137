// The task behind the doorbell "action": begins the asynchronous actions that are due, one in each environment, and with
// each end the next. The job itself ends at once, so that no place of a job is held while a function runs.
import { claimAction } from "../db/actions.ts";
import type { Db } from "../db/fn.ts";
import type { Executor } from "../runs/executor.ts";

/** Claim and run actions until none is due or the process stops. Half of their places are left to actions that somebody waits for. */
export const createActionTask = ({ db, executor }: { db: Db; executor: Executor }) => {
  const atOnce = Math.ceil(executor.actionConcurrency / 2);
  let working = 0;
  const work = async (lease: NonNullable<Awaited<ReturnType<typeof claimAction>>>): Promise<void> => {
    await executor.actions.work(lease);
    working -= 1;
    await takeAll().catch(() => {}); // the tick rings for what is left
  };
  const takeAll = async (): Promise<void> => {
    while (!executor.isStopping() && working < atOnce) {
      working += 1;
      const lease = await claimAction(db, { worker: executor.id }).catch((error) => {
        working -= 1;
        throw error;
      });
      if (lease === undefined) {
        working -= 1;
        return;
      }
      void work(lease);
    }
  };
  return takeAll;
};
