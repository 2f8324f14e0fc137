// The task behind the doorbell "run": takes ready runs until none is left. The bell says only that there is work; which
// run, and whether at all, is the database's to say.
import type { Db } from "../db/fn.ts";
import { claimRun, type Lease } from "../db/runs.ts";
import type { LiveRuns } from "./live-runs.ts";

export type RunTaskDeps = {
  db: Db;
  worker: string;
  live: LiveRuns;
  isStopping: () => boolean;
  work: (lease: Lease, signal: AbortSignal) => Promise<void>;
};

/** Claim and work on runs, one at a time, until none is ready or the worker stops. */
export const createRunTask =
  ({ db, worker, live, isStopping, work }: RunTaskDeps) =>
  async (): Promise<void> => {
    while (!isStopping()) {
      const lease = await claimRun(db, { worker });
      if (lease === undefined) return;
      await live.track(lease, (signal) => work(lease, signal));
    }
  };
