// A worker process: hears doorbells, ticks once a second, takes runs and sends webhooks.
import type { DataKeys } from "../crypto/data-keys.ts";
import type { Pool } from "../db/pool.ts";
import { requeueExpired, tick, tidy, tidyLogs } from "../db/runs.ts";
import type { Logger } from "../log.ts";
import { createHttpClient } from "../outbound/client.ts";
import { startBeat } from "../runs/beat.ts";
import { createDoorbell } from "../runs/doorbell.ts";
import type { Executor } from "../runs/executor.ts";
import { createActionTask } from "./action-task.ts";
import { createDeliveries } from "./deliver-task.ts";
import { createInboxTask } from "./inbox-task.ts";
import { followModels } from "./record-views.ts";
import { createRenewTask } from "./renew-task.ts";
import { createRunTask } from "./run-task.ts";
import { startRunner } from "./runner.ts";

const TICK_MS = 1_000;
const DISPATCH_AT_ONCE = 250; // some 25 ms of locks a call
const HELPERS = 4; // jobs at a time beside runs: sending, tidying, beginning actions, handling webhooks

export type WorkerDeps = {
  /** For our own statements. */
  pool: Pool;
  /** For graphile-worker: at least `concurrency` + 8 connections, with `plan_cache_mode=force_custom_plan`. */
  jobPool: Pool;
  /** Works on the runs that are taken; stopped with the worker. */
  executor: Executor;
  keys: DataKeys;
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

const tidyAll = async (pool: Pool, isStopping: () => boolean, makeViews: () => Promise<void>): Promise<void> => {
  await tidyLogs(pool, {}); // a transaction of its own: who makes partitions may hold no row
  while (!isStopping() && (await tidy(pool, {})).has_more);
  await makeViews();
};

/** Start a worker. `stop` takes no more work, lets runs finish for 7 s, gives the rest back, and resolves when all is quiet. */
export const startWorker = async (deps: WorkerDeps): Promise<Worker> => {
  const { pool, jobPool, executor, log, keys } = deps;
  const { isStopping, logs } = executor;
  // How many go to one receiver at a time is the database's to say.
  const http = createHttpClient({ ...deps, connectionsPerOrigin: null });
  const deliveries = createDeliveries({ db: pool, keys, http, logs, log, isStopping });
  const makeViews = followModels({ db: pool, log, isStopping });
  executor.prepare();

  const runs = await startRunner({
    pool: jobPool,
    tasks: { run: createRunTask({ db: pool, executor }) },
    concurrency: deps.concurrency,
    log,
  });
  const helpers = await startRunner({
    pool: jobPool,
    tasks: {
      action: createActionTask({ db: pool, executor }),
      deliver: deliveries.task,
      inbox: createInboxTask({ db: pool, onForwards: createDoorbell({ db: pool, log }), isStopping }),
      record_views: makeViews,
      renew: createRenewTask({ db: pool, check: executor.checkCredentials, log, isStopping }),
      tidy: () => tidyAll(pool, isStopping, makeViews),
    },
    concurrency: HELPERS,
    crontab: "*/5 * * * * tidy ?jobKey=tidy&max=2",
    log,
  });
  executor.announcePools(() => [...runs.poolIds(), ...helpers.poolIds()]);
  if (deps.isAlone) await requeueExpired(pool, { nobodyLives: true });
  const onError = (err: unknown) => log.warn({ event: "tick.failed", err }, "trying again");
  const clock = startBeat(TICK_MS, () => tickAll(pool), onError);
  log.info({ event: "worker.started", worker: executor.id, concurrency: deps.concurrency }, "working");

  const stop = async (): Promise<void> => {
    const ended = executor.stop();
    await clock.stop();
    await Promise.all([ended, runs.stop(), helpers.stop()]);
    await deliveries.stop();
    await Promise.all([logs.flush(), http.close()]);
    log.info({ event: "worker.stopped", worker: executor.id }, "stopped");
  };
  return { id: executor.id, stop };
};
