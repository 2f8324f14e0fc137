// The heart of a process that works on runs: it says that it lives, renews the leases of its runs, and stops those that are
// not its own any more or were cancelled.
import { listen } from "../db/listen.ts";
import type { Pool } from "../db/pool.ts";
import { heartbeat, heartbeatInterval } from "../db/runs.ts";
import type { Logger } from "../log.ts";
import { startBeat } from "./beat.ts";
import { milliseconds } from "./interval.ts";
import type { LiveRuns } from "./live-runs.ts";

export type Heart = {
  /** Say with each beat which pools of graphile-worker are this process's, so that their locks end with it. */
  announcePools: (poolIds: () => string[]) => void;
  stop: () => Promise<void>;
};

/** Beat for `worker` and the runs in `live` until stopped. */
export const startHeart = async (deps: {
  pool: Pool;
  url: string;
  worker: string;
  live: LiveRuns;
  log: Logger;
}): Promise<Heart> => {
  const { pool, worker, live, log } = deps;
  let poolIds = (): string[] => [];
  const everyMs = milliseconds(await heartbeatInterval(pool, {}));
  const once = async (): Promise<void> => {
    for (const { lost_run: run } of await heartbeat(pool, { worker, pools: poolIds(), ...live.held() })) live.stop(run);
  };
  const beat = startBeat(everyMs, once, (err) => log.warn({ event: "heartbeat.failed", err }, "trying again"));
  const cancelled = listen({
    url: deps.url,
    channel: "syncline_cancelled",
    applicationName: `syncline cancel ${process.pid}`,
    onNotice: (run) => live.stop(Number(run)),
    log,
  });
  return {
    announcePools: (given) => {
      poolIds = given;
    },
    stop: async () => {
      await Promise.all([beat.stop(), cancelled.close()]);
    },
  };
};
