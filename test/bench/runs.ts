// Empty runs end to end, the way from a trigger to the first line of user code, and dispatching many schedules.
import { EventEmitter } from "node:events";
import { Logger, run, type WorkerEvents } from "graphile-worker";
import { createPool } from "../../src/db/pool.ts";
import { dispatchDue } from "../../src/db/runs.ts";
import type { Result } from "./result.ts";
import type { Bench } from "./setup.ts";

const CONNECTIONS = 50;
const ROUNDS = 40;
const JOBS = 2_000;
const TRIGGERS = 100;
const SCHEDULES = 100_000;

const quiet = new Logger(() => () => {});

const untilDone = async (bench: Bench, sql: string): Promise<void> => {
  for (;;) {
    const { rows } = await bench.pool.query(`select not exists (${sql}) as done`);
    if (rows[0].done) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

// The limit: the same worker settings, jobs that do nothing.
const noopJobs = async (bench: Bench): Promise<number> => {
  const pgPool = createPool({
    url: bench.databaseUrl,
    max: 17,
    applicationName: "noop",
    options: "-c plan_cache_mode=force_custom_plan",
  });
  await bench.pool.query(
    `select graphile_worker.add_jobs(array(select row('noop', '{}', null, null, 3, null, null, null)::graphile_worker.job_spec from generate_series(1, ${JOBS})))`,
  );
  let left = JOBS;
  let finished = () => {};
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const startedAt = performance.now();
  const runner = await run({
    pgPool,
    concurrency: 10,
    noHandleSignals: true,
    logger: quiet,
    events: new EventEmitter() as WorkerEvents,
    preset: { worker: { completeJobBatchDelay: 50, failJobBatchDelay: 50 } },
    taskList: {
      noop: () => {
        left -= 1;
        if (left === 0) finished();
      },
    },
  });
  await done;
  const perSecond = JOBS / ((performance.now() - startedAt) / 1000);
  await runner.stop();
  await pgPool.end();
  return perSecond;
};

const emptyRuns = async (bench: Bench): Promise<{ perSecond: number; cpuUs: number }> => {
  for (let n = 0; n < CONNECTIONS; n++) await bench.connect(`empty-${n}`);
  // Due again as soon as a run has ended: each sync is dispatched by the tick, round after round, without a trigger.
  const due = "select from syncline.syncs s where s.name = 'empty' and s.state = 'started'";
  const live = "select from syncline.runs r where r.state in ('ready', 'running')";
  await bench.pool.query("update syncline.syncs set state = 'started' where name = 'empty'");
  const once = async (): Promise<void> => {
    await bench.pool.query("update syncline.syncs set next_run_at = now() where name = 'empty'");
    await dispatchDue(bench.pool, { limit: 1000 });
    await untilDone(bench, `${live} and exists (${due})`);
  };
  for (let n = 0; n < 5; n++) await once(); // warm threads and plans
  const measured = await bench.measure(async () => {
    for (let n = 0; n < ROUNDS; n++) await once();
  });
  await bench.pool.query("update syncline.syncs set state = 'paused', next_run_at = null where name = 'empty'");
  const runs = CONNECTIONS * ROUNDS;
  return { perSecond: runs / (measured.ms / 1000), cpuUs: (measured.cpuMs * 1000) / runs };
};

const percentile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;

const firstLines = async (bench: Bench): Promise<number[]> => {
  await bench.connect("first-line");
  const waits: number[] = [];
  for (let n = 0; n < TRIGGERS + 5; n++) {
    const body = { provider_config_key: "bench", connection_id: "first-line", syncs: ["first-line"] };
    const before = Date.now();
    await bench.api("POST", "/sync/trigger", body);
    await untilDone(bench, "select from syncline.runs where state in ('ready', 'running')");
    const find =
      "select extract(epoch from max(at)) * 1000 as at from syncline.logs where message = 'first line' having count(*) > $1";
    for (;;) {
      const { rows } = await bench.pool.query(find, [n]);
      if (rows.length > 0) {
        waits.push(Number(rows[0].at) - before);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return waits.slice(5).sort((a, b) => a - b);
};

/** Rows 5 and 6. */
export const benchRuns = async (bench: Bench): Promise<Result[]> => {
  const noop = await noopJobs(bench);
  const empty = await emptyRuns(bench);
  const waits = await firstLines(bench);
  const p50 = percentile(waits, 0.5);
  const p99 = percentile(waits, 0.99);
  return [
    {
      work: "empty sync run, dispatch to finished",
      against: "no-op graphile-worker jobs, same settings",
      ratio: empty.perSecond / noop,
      budget: ">= 0.25",
      isMet: empty.perSecond / noop >= 0.25,
      detail: `${Math.round(empty.perSecond)}/s against ${Math.round(noop)}/s, CPU ${(empty.cpuUs / 1000).toFixed(2)} ms a run`,
    },
    {
      work: "trigger over REST to the first line of user code",
      against: "-",
      ratio: p50,
      budget: "p50 <= 20 ms, p99 <= 100 ms",
      isMet: p50 <= 20 && p99 <= 100,
      detail: `ms; p99 ${p99.toFixed(0)} ms, ${TRIGGERS} triggers on an idle system`,
    },
  ];
};

/** Row 7, on a server without workers. */
export const benchDispatch = async (bench: Bench): Promise<Result[]> => {
  const connection = await bench.connect("schedules");
  await bench.pool.query(
    `insert into syncline.syncs (environment_id, connection_id, function_id, name, variant, state, frequency, next_run_at)
     select environment_id, connection_id, function_id, name, 'v' || n, 'started', frequency, now()
       from syncline.syncs, generate_series(1, ${SCHEDULES}) n where connection_id = $1 and name = 'empty'`,
    [connection],
  );
  await bench.pool.query("vacuum analyze syncline.syncs");
  let longest = 0;
  let made = 0;
  const all = await bench.measure(async () => {
    for (let last = 1; last > 0; ) {
      const startedAt = performance.now();
      last = await dispatchDue(bench.pool, { limit: 250 });
      longest = Math.max(longest, performance.now() - startedAt);
      made += last;
    }
  });
  if (made < SCHEDULES) throw new Error(`dispatched ${made}`);
  return [
    {
      work: "dispatch 100,000 due schedules",
      against: "-",
      ratio: all.ms / 1000,
      budget: "<= 10 s, no lock over 100 ms",
      isMet: all.ms <= 10_000 && longest <= 100,
      detail: `s; the longest of ${Math.ceil(made / 250)} calls held its locks ${longest.toFixed(0)} ms`,
    },
  ];
};
