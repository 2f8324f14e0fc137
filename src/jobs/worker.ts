// A worker process: hears doorbells, ticks once a second, says that it lives, works on runs and sends webhooks.
import { randomBytes } from "node:crypto";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataKeys } from "../crypto/data-keys.ts";
import { listen } from "../db/listen.ts";
import { createLogWriter } from "../db/log-writer.ts";
import type { Pool } from "../db/pool.ts";
import { heartbeat, heartbeatInterval, requeueExpired, tick, tidy, tidyLogs } from "../db/runs.ts";
import { createIsolatePool } from "../functions/isolate-pool.ts";
import type { Logger } from "../log.ts";
import { createHttpClient } from "../outbound/client.ts";
import { sendRequest } from "../outbound/send.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import { startBeat } from "./beat.ts";
import { createBundles } from "./bundles.ts";
import { createDeliverTask } from "./deliver-task.ts";
import { createDoorbell } from "./doorbell.ts";
import { milliseconds } from "./interval.ts";
import { createLiveRuns } from "./live-runs.ts";
import { createRunTask } from "./run-task.ts";
import { startRunner } from "./runner.ts";
import { RELEASED, workOnRun } from "./work-on-run.ts";

const TICK_MS = 1_000;
const DISPATCH_AT_ONCE = 250; // some 25 ms of locks a call
const ISOLATE_MEMORY_MB = 128;
const GRACE_MS = 7_000; // of the 10 s a stop may take; the rest is for giving runs back
const HELPERS = 3; // jobs at a time beside runs: sending, tidying

export type WorkerDeps = {
  /** For our own statements. */
  pool: Pool;
  /** For graphile-worker: at least `concurrency` + 7 connections, with `plan_cache_mode=force_custom_plan`. */
  jobPool: Pool;
  url: string;
  keys: DataKeys;
  catalogue: Catalogue;
  allowPrivateHosts: string[];
  concurrency: number;
  /** True when every other worker is known to be dead, as with an embedded database: its runs are taken over at once. */
  isAlone: boolean;
  log: Logger;
};

export type Worker = { id: string; stop: () => Promise<void> };

const tickAll = async (pool: Pool): Promise<void> => {
  while ((await tick(pool, { limit: DISPATCH_AT_ONCE })).dispatched === DISPATCH_AT_ONCE);
};

const tidyAll = async (pool: Pool, isStopping: () => boolean): Promise<void> => {
  await tidyLogs(pool, {}); // a transaction of its own: who makes partitions may hold no row
  while (!isStopping() && (await tidy(pool, {})).has_more);
};

/** Start a worker. `stop` takes no more work, lets runs finish for 7 s, gives the rest back, and resolves when all is quiet. */
export const startWorker = async (deps: WorkerDeps): Promise<Worker> => {
  const { pool, jobPool, log, keys } = deps;
  const id = `${os.hostname()}:${process.pid}:${randomBytes(4).toString("hex")}`;
  const logs = createLogWriter({ db: pool, log });
  const live = createLiveRuns();
  const isolates = createIsolatePool({ size: deps.concurrency, memoryMb: ISOLATE_MEMORY_MB, log });
  const http = createHttpClient(deps);
  const onWebhooks = createDoorbell({ db: pool, log });
  let stopping = false;
  const isStopping = () => stopping;
  const warn = (event: string) => (err: unknown) => log.warn({ event, err }, "trying again");

  const send = sendRequest({ allowPrivateHosts: deps.allowPrivateHosts, log });
  const work = workOnRun({ ...deps, send, isolates, bundleOf: createBundles({ db: pool }), logs, onWebhooks });
  const runs = await startRunner({
    pool: jobPool,
    tasks: { run: createRunTask({ db: pool, worker: id, live, isStopping, work }) },
    concurrency: deps.concurrency,
    log,
  });
  const helpers = await startRunner({
    pool: jobPool,
    tasks: {
      deliver: createDeliverTask({ db: pool, keys, http, logs, log, isStopping }),
      tidy: () => tidyAll(pool, isStopping),
    },
    concurrency: HELPERS,
    crontab: "*/5 * * * * tidy ?jobKey=tidy&max=2",
    log,
  });
  if (deps.isAlone) await requeueExpired(pool, { nobodyLives: true });

  const beatEveryMs = milliseconds(await heartbeatInterval(pool, {}));
  const beatHeart = async (): Promise<void> => {
    const pools = [...runs.poolIds(), ...helpers.poolIds()];
    for (const { lost_run: run } of await heartbeat(pool, { worker: id, pools, ...live.held() })) live.stop(run);
  };
  const heart = startBeat(beatEveryMs, beatHeart, warn("heartbeat.failed"));
  const clock = startBeat(TICK_MS, () => tickAll(pool), warn("tick.failed"));
  const cancelled = listen({
    url: deps.url,
    channel: "syncline_cancelled",
    applicationName: `syncline cancel ${process.pid}`,
    onNotice: (run) => live.stop(Number(run)),
    log,
  });
  log.info({ event: "worker.started", worker: id, concurrency: deps.concurrency }, "working");

  const stop = async (): Promise<void> => {
    stopping = true;
    await clock.stop();
    const quiet = Promise.all([runs.stop(), helpers.stop()]);
    await Promise.race([live.settled(), sleep(GRACE_MS, undefined, { ref: false })]);
    live.stopAll(RELEASED);
    await live.settled();
    await Promise.all([quiet, heart.stop(), cancelled.close()]);
    await logs.flush();
    await Promise.all([isolates.close(), http.close()]);
    log.info({ event: "worker.stopped", worker: id }, "stopped");
  };
  return { id, stop };
};
