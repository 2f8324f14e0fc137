// graphile-worker as we use it: the null queue only, our own pool, completions in batches, no local queue (jobs are
// doorbells and may work for minutes), and a new start whenever it met no database. Two of its troubles need that:
// - a lost connection at its very first look for jobs is remembered for ever (the promise of the task ids is cached), and
//   from then on it fails at each look, silently;
// - when the end of a job could not be written it shuts down, waits for all running jobs, and then perhaps for itself for
//   ever, as its batcher counts that failure twice.
// So the old one is told to stop but not waited for. A new start also finds work a second later, not at the next poll.
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

type Started = { runner: Runner; givenUp: Promise<void> };

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
  let current: Started;

  const start = async (): Promise<Started> => {
    const events = new EventEmitter() as WorkerEvents;
    events.on("pool:create", ({ workerPool }) => poolIds.push(workerPool.id));
    const givenUp = new Promise<void>((resolve) => {
      for (const event of ["pool:gracefulShutdown", "worker:getJob:error"] as const)
        events.once(event, () => resolve());
    });
    const runner = await run({
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
    runner.promise.catch((err) => o.log.warn({ event: "runner.gave_up", err }, "a runner ended"));
    return { runner, givenUp };
  };

  const keepRunning = async (): Promise<void> => {
    while (!isStopping) {
      await current.givenUp;
      if (isStopping) return;
      o.log.warn({ event: "runner.restarted" }, "starting anew");
      await sleep(RESTART_MS); // looks for jobs that are on their way fail more quietly in a runner that still runs
      current.runner.stop().catch(() => {}); // it rejects when it had stopped by itself
      current = await start().catch((err) => {
        o.log.error({ event: "runner.not_started", err }, "trying again");
        return current;
      });
      if (isStopping) await current.runner.stop().catch(() => {});
    }
  };

  current = await start();
  const running = keepRunning();
  return {
    poolIds: () => poolIds,
    stop: async () => {
      isStopping = true;
      await current.runner.stop().catch(() => {});
      await running;
    },
  };
};
