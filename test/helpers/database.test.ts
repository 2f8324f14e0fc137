// The harness itself: every test gets its own database, and one clock for all its connections.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "./database.ts";

test("two tests have two databases", async (t) => {
  const [one, two] = await Promise.all([testDatabase(t), testDatabase(t)]);
  assert.notEqual(one.name, two.name);
  const found = await two.query("select current_database() as name");
  assert.equal(found[0]?.name, two.name);
});

test("a clock that is set stands still on every connection, new ones and used ones", async (t) => {
  const { pool, clock, newPool } = await testDatabase(t);
  const held = await pool.connect();
  await held.query("select syncline.now()");
  held.release();
  await clock.set("2026-01-02T03:04:05Z");
  const read = async (db: { query: typeof pool.query }) => (await db.query("select syncline.now()")).rows[0].now;
  const other = newPool({ max: 2 });
  const times = await Promise.all([read(pool), read(pool), read(other), clock.now()]);
  assert.deepEqual(new Set(times), new Set(["2026-01-02T03:04:05.000000+00:00"]));
});

test("forward moves the clock of connections that are in use when they come back", async (t) => {
  const { pool, clock } = await testDatabase(t);
  await clock.set("2026-01-02T03:04:05Z");
  const held = await pool.connect();
  await clock.forward("20 s");
  held.release();
  assert.equal(await clock.now(), "2026-01-02T03:04:25.000000+00:00");
  await clock.run();
  assert.ok((await clock.now()) > "2026-06");
});
