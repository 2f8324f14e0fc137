// The calls that stand for each kind of lock, met in both orders: never a deadlock, and what comes out is what one of the
// two serial orders gives. All calls: pairs.long.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { race } from "./race.ts";

const CALLS = [
  ...[
    "save_records",
    "empty_cache",
    "write_metadata",
    "finish_run",
    "interrupt_run",
    "cancel_run",
    "heartbeat",
    "tick",
  ],
  ...[
    "create_run",
    "trigger_one",
    "retire_connection",
    "start_run",
    "cancel_action",
    "approve_deletes",
    "prune_stream",
    "undo_run",
  ],
];

test("no two calls on one run, sync and stream deadlock, and they end as one after the other", async (t) => {
  const { newPool } = await testDatabase(t);
  const pool = newPool({ max: 4, options: "-c deadlock_timeout=100ms" });
  const { met, problems } = await race(pool, CALLS, { collisions: 0 });
  assert.ok(met > 40, `only ${met} pairs waited for each other`);
  assert.deepEqual(problems, []);
});
