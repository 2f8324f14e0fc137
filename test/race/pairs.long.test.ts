// Every pair of calls that change the same run, sync and stream, met in both orders and thrown together.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { race } from "./race.ts";
import { CALLS } from "./scene.ts";

test("no two of all calls deadlock, and they end as one after the other", async (t) => {
  const { newPool } = await testDatabase(t);
  const pool = newPool({ max: 4, options: "-c deadlock_timeout=100ms" });
  const { met, problems } = await race(pool, Object.keys(CALLS), { collisions: 5 });
  assert.ok(met > 200, `only ${met} pairs waited for each other`);
  assert.deepEqual(problems, []);
});
