// The task behind the doorbell "run": takes ready runs until none is left. The bell says only that there is work; which
// run, and whether at all, is the database's to say.
import type { Db } from "../db/fn.ts";
import { claimRun } from "../db/runs.ts";
import type { Executor } from "../runs/executor.ts";

/** Claim and work on runs, one at a time, until none is ready or the process stops. */
export const createRunTask =
  ({ db, executor }: { db: Db; executor: Executor }) =>
  async (): Promise<void> => {
    while (!executor.isStopping()) {
      const lease = await claimRun(db, { worker: executor.id });
      if (lease === undefined) return;
      await executor.work(lease);
    }
  };
