// What an idle system costs: ten thousand schedules, none due.
import type { Result } from "./result.ts";
import type { Bench } from "./setup.ts";

const SCHEDULES = 10_000;
const SECONDS = 20;

/** Row 9, on a server with a worker. */
export const benchIdle = async (bench: Bench): Promise<Result[]> => {
  const connection = await bench.connect("idle");
  await bench.pool.query(
    `insert into syncline.syncs (environment_id, connection_id, function_id, name, variant, state, frequency, next_run_at)
     select environment_id, connection_id, function_id, name, 'i' || n, 'started', frequency, now() + interval '1 day'
       from syncline.syncs, generate_series(1, ${SCHEDULES}) n where connection_id = $1 and name = 'empty'`,
    [connection],
  );
  await bench.pool.query("vacuum analyze syncline.syncs"); // else autovacuum does it while we measure
  const statements = async (): Promise<number> => {
    await bench.pool.query("select pg_stat_force_next_flush()");
    const { rows } = await bench.pool.query(
      "select xact_commit + xact_rollback as n from pg_stat_database where datname = current_database()",
    );
    return Number(rows[0].n);
  };
  const sleep = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
  await sleep(5);
  const before = await statements();
  const idle = await bench.measure(() => sleep(SECONDS));
  const perSecond = ((await statements()) - before) / SECONDS;
  const share = idle.cpuMs / idle.ms;
  return [
    {
      work: "idle system with 10,000 schedules",
      against: "one core",
      ratio: share,
      budget: "< 0.02, < 5 statements/s",
      isMet: share < 0.02 && perSecond < 5,
      detail: `of a core; ${perSecond.toFixed(1)} transactions/s`,
    },
  ];
};
