// graphile-worker as we use it: the null queue only, our own pool, completions in batches, no local queue (jobs are
// doorbells and may work for minutes), and a new start should it give up after a row of database errors.
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Runner, run, type TaskList, type WorkerEvents, Logger as WorkerLogger } from "graphile-worker";
import type { Pool } from "../db/pool.ts";
import type { Logger } from "../log.ts";

const POLL_MS = 10_000; // bells are heard by LISTEN, and the tick rings again for what waits: polling is the last resort
const BATCH_MS = 50;
const RESTART_MS = 1_000;

const LEVELS = { error: "error", warning: "warn", info: "debug", debug: "trace" } as const;

const workerLogger = (log: Logger) =>
  new WorkerLogger(
    () => (level, message) =>
      log[LEVELS[level as keyof typeof LEVELS] ?? "debug"]({ event: "graphile_worker" }, message),
  );

export type RunnerHandle = {
  /** The ids of the pools whose locks this process may hold. */
  poolIds: () => string[];
  /** Take no more jobs; resolves when the running ones are done. */
  stop: () => Promise<void>;
};

/** Run `tasks`, `concurrency` jobs at a time. `pool` needs `concurrency` + 2 connections. `crontab` in graphile-worker's syntax. */
export const startRunner = async (o: {
  pool: Pool;
  tasks: TaskList;
  concurrency: number;
  log: Logger;
  crontab?: string;
}): Promise<RunnerHandle> => {
  const poolIds: string[] = [];
  let isStopping = false;
  let current: Runner;

  const start = async (): Promise<Runner> => {
    const events = new EventEmitter() as WorkerEvents;
    events.on("pool:create", ({ workerPool }) => poolIds.push(workerPool.id));
    return run({
      pgPool: o.pool,
      taskList: o.tasks,
      concurrency: o.concurrency,
      pollInterval: POLL_MS,
      noHandleSignals: true,
      events,
      logger: workerLogger(o.log),
      preset: { worker: { completeJobBatchDelay: BATCH_MS, failJobBatchDelay: BATCH_MS } },
      ...(o.crontab === undefined ? {} : { crontab: o.crontab }),
    });
  };

  const keepRunning = async (): Promise<void> => {
    while (!isStopping) {
      await current.promise.catch((err) => o.log.error({ event: "runner.gave_up", err }, "starting anew"));
      if (isStopping) return;
      await sleep(RESTART_MS);
      current = await start().catch((err) => {
        o.log.error({ event: "runner.not_started", err }, "trying again");
        return current;
      });
    }
  };

  current = await start();
  const running = keepRunning();
  return {
    poolIds: () => poolIds,
    stop: async () => {
      isStopping = true;
      await current.stop().catch(() => {}); // it rejects when it had stopped by itself
      await running;
    },
  };
};
