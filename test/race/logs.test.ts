// Partitions of the log: every process makes them when it starts, while others write and read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { appendLogs, listLogs } from "../../src/db/logs.ts";
import { tidyLogs } from "../../src/db/runs.ts";
import { testDatabase } from "../helpers/database.ts";
import { makeSync, type World, worldOn } from "../helpers/world.ts";

const ROUNDS = 10;
const PROCESSES = 8;

test("processes that start at once on a new day, beside writers and readers, all make its partition", async (t) => {
  const { newPool, query, clock } = await testDatabase(t);
  const pool = newPool({ max: 3 * PROCESSES, options: "-c deadlock_timeout=50ms" });
  const db = await pool.connect();
  t.after(() => db.release());
  const { environment } = await makeSync(worldOn(db) as World);
  const rows = [{ environment_id: environment, kind: "message", level: "info", message: "m" }];
  const filter = { environment, run: null, connection: null, kind: null, level: null, after: null, limit: 10 };
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      Array.from({ length: PROCESSES }, () => [
        tidyLogs(pool, {}),
        appendLogs(pool, { rows }),
        listLogs(pool, filter),
      ]).flat(),
    );
    await clock.forward("20 days");
  }
  const [{ days }] = (await query(
    "select count(*)::int as days from pg_inherits where inhparent = 'syncline.logs'::regclass",
  )) as [{ days: number }];
  assert.equal(days, 4, "three days and the default");
});
