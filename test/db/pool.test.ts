// Connections that are lost: idle, in use, and inside a transaction. The process goes on, and so does the pool.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPool } from "../../src/db/pool.ts";
import { inTransaction } from "../../src/db/tx.ts";
import { emptyDatabase } from "../helpers/database.ts";

const TERMINATED = { code: "57P01" };

test("a connection says who it is, speaks UTC and has time limits", async (t) => {
  const { url } = await emptyDatabase(t);
  const pool = createPool({
    url,
    max: 1,
    applicationName: "syncline test 1",
    options: "-c work_mem=8MB",
    statementTimeoutMs: 1234,
  });
  t.after(() => pool.end());
  const names = [
    "application_name",
    "TimeZone",
    "DateStyle",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "work_mem",
  ];
  const { rows } = await pool.query("select array_agg(current_setting(n)) as found from unnest($1::text[]) n", [names]);
  assert.deepEqual(rows[0].found, ["syncline test 1", "UTC", "ISO, MDY", "1234ms", "1min", "8MB"]);
});

test("terminated backends reject the queries on them and end neither the process nor the pool", async (t) => {
  const { url } = await emptyDatabase(t);
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => warnings.push(message) };
  const [pool, killer] = [
    createPool({ url, max: 3, applicationName: "victim", log }),
    createPool({ url, max: 1, applicationName: "killer" }),
  ];
  t.after(() => Promise.all([pool.end(), killer.end()]));
  const killAll = () =>
    killer.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'");
  await pool.query("select 1");
  const idleLost = new Promise((resolve) => pool.once("remove", resolve));
  await killAll();
  await idleLost;
  assert.deepEqual(warnings, ["an idle connection was lost"]);
  const transaction = inTransaction(pool, async (tx) => {
    await tx.query("select 1");
    await killAll();
    await tx.query("select 2");
  });
  await assert.rejects(transaction, /terminat|connection error/);
  const running = assert.rejects(pool.query("select pg_sleep(60)"), TERMINATED);
  const active = "select count(*) as n from pg_stat_activity where application_name = 'victim' and state = 'active'";
  while ((await killer.query(active)).rows[0].n === 0);
  await killAll();
  await running;
  assert.equal((await pool.query("select 1 as one")).rows[0].one, 1);
});
