// sql/27_request_count.sql: counts of several processes, added up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shareRequestCounts } from "../../src/db/request-counts.ts";
import { testDatabase } from "../helpers/database.ts";

const START = "2026-03-01T12:00:00.000Z";

test("what processes count of the same window is added up, also when they share at once and in any order", async (t) => {
  const db = await testDatabase(t);
  await db.clock.set(START);
  const names = Array.from({ length: 20 }, (_, n) => `key:${n}`);
  const share = (buckets: string[], windowStart = START) =>
    shareRequestCounts(db.pool, { windowStart, buckets, added: buckets.map(() => 3) });
  const told = await Promise.all(Array.from({ length: 10 }, (_, n) => share(n % 2 === 0 ? names : names.toReversed())));
  assert.equal(Math.max(...told.flat().map(({ requests }) => requests)), 30);
  assert.deepEqual(await share(["key:0"]), [{ bucket: "key:0", requests: 33 }]);
  assert.deepEqual(await share(["key:0"], "2026-03-01T12:01:00Z"), [{ bucket: "key:0", requests: 3 }]);
  await db.clock.forward("7 min");
  await db.query("select syncline.tidy_request_counts()");
  assert.equal((await db.query("select 1 from syncline.request_counts")).length, 0);
});
