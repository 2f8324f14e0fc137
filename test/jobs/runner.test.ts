// The runner of graphile-worker's jobs outlives whatever happens to its connections.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPool } from "../../src/db/pool.ts";
import { startRunner } from "../../src/jobs/runner.ts";
import { createLogger } from "../../src/log.ts";
import { testDatabase } from "../helpers/database.ts";
import { until } from "../helpers/until.ts";

test("jobs run again after the connections on which two batches of finished jobs were being written were cut", async (t) => {
  const db = await testDatabase(t);
  const applicationName = "syncline jobs under test";
  const pool = createPool({ url: db.url, max: 11, applicationName });
  const gates = new Map<number, () => void>();
  const done: number[] = [];
  const ring = async (payload: unknown): Promise<void> => {
    const { n } = payload as { n: number };
    await new Promise<void>((resolve) => gates.set(n, resolve));
    done.push(n);
  };
  const runner = await startRunner({ pool, tasks: { ring }, concurrency: 4, log: createLogger("silent") });
  t.after(async () => {
    await runner.stop();
    await pool.end();
  });
  const add = (n: number) => db.query("select graphile_worker.add_job('ring', json_build_object('n', $1::int))", [n]);
  const waiting = async (): Promise<number> => {
    const rows = await db.query(
      "select from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock' and query ilike '%delete from%'",
      [applicationName],
    );
    return rows.length;
  };
  const finish = async (n: number): Promise<void> => {
    gates.get(n)!();
    await until(`the end of job ${n} waits to be written`, async () => (await waiting()) === n);
  };

  await add(1);
  await add(2);
  await until("both jobs run", () => gates.size === 2);
  const locker = await db.pool.connect();
  await locker.query("begin; lock table graphile_worker._private_jobs in share mode");
  await finish(1);
  await finish(2);
  const cut =
    "select count(pg_terminate_backend(pid))::int as count from pg_stat_activity where application_name = $1 and query ilike '%delete from%'";
  assert.ok((await db.query(cut, [applicationName]))[0]!.count >= 2);
  await locker.query("rollback");
  locker.release();
  await add(3);
  await until("the next job runs", () => gates.has(3), 20_000);
  gates.get(3)!();
});

test("jobs run though the connection was cut on which the runner first looked for its tasks", async (t) => {
  const db = await testDatabase(t);
  const applicationName = "syncline jobs under test";
  const pool = createPool({ url: db.url, max: 11, applicationName });
  const locker = await db.pool.connect();
  await locker.query("begin; lock table graphile_worker._private_tasks in access exclusive mode");
  let rung = 0;
  const tasks = { ring: async () => void rung++ };
  const runner = await startRunner({ pool, tasks, concurrency: 4, log: createLogger("silent") });
  t.after(async () => {
    await runner.stop();
    await pool.end();
  });
  const cut = `select count(pg_terminate_backend(pid))::int as count from pg_stat_activity
                where application_name = $1 and wait_event_type = 'Lock'`;
  await until("the first look is cut", async () => (await db.query(cut, [applicationName]))[0]!.count > 0);
  await locker.query("rollback");
  locker.release();
  await db.query("select graphile_worker.add_job('ring', '{}')");
  await until("the job runs", () => rung > 0, 20_000);
});
