// The same for 50,000 histories; and the proof that these find bugs: planted ones are all found within 1,000.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { findDifference, playMany, setTable } from "./play.ts";

type Mutant = [file: string, name: string, from: string, to: string];

const MUTANTS: Mutant[] = [
  ["20_run", "requeue_expired", "r.lease_ends_at < syncline.now()", "r.lease_ends_at <= syncline.now()"],
  ["20_run", "may_try_again", "p_run.attempt < c.max_run_attempts", "p_run.attempt <= c.max_run_attempts"],
  ["20_run", "requeue_expired", "token = r.token + 1", "token = r.token"],
  ["20_run", "requeue_expired", "when r.attempt > 1 then", "when r.attempt > 2 then"],
  ["20_run", "fence_run", " and r.token = p_token", ""],
  ["20_run", "fence_run", " and r.state = 'running'", ""],
  ["20_run", "claim_run", "token = r.token + 1", "token = r.token"],
  ["20_run", "claim_run", "attempt = r.attempt + 1", "attempt = r.attempt"],
  ["20_run", "claim_run", "order by r.priority, r.due_at, r.id", "order by r.id"],
  ["20_run", "claim_run", "r.state = 'ready' and r.due_at <= syncline.now()", "r.state = 'ready'"],
  ["20_run", "release_run", "attempt = attempt - 1", "attempt = attempt"],
  ["20_run", "heartbeat", " and r.token = h.token", ""],
  ["20_run", "heartbeat", "set lease_ends_at = syncline.now() + c.lease", "set lease_ends_at = r.lease_ends_at"],
  ["20_run", "cancel_run", "perform syncline.schedule_next(v_sync, p_run);", ""],
  ["20_run", "dispatch_due", "s.next_run_at <= syncline.now()", "s.next_run_at < syncline.now()"],
  ["20_run", "schedule_next", "s.consecutive_failures < 2", "s.consecutive_failures < 3"],
  [
    "30_checkpoint",
    "save_checkpoint",
    "v_run.interrupt_after <= syncline.now()",
    "v_run.interrupt_after < syncline.now()",
  ],
  ["40_record", "lock_stream", "set head = s.head + p_count", "set head = s.head"],
  ["82_finish", "finish_run", "consecutive_failures = 0, ", ""],
  ["82_finish", "interrupt_run", "if v_idle >=", "if v_idle >"],
  ["82_finish", "bury_poisoned", "not syncline.may_try_again(r)", "r.attempt > 5"],
  ["82_finish", "bury_run", "consecutive_failures = consecutive_failures + 1", "consecutive_failures = 1"],
];

/** The text of a function as it stands in sql/. */
const textOf = (file: string, name: string): string => {
  const sql = readFileSync(new URL(`../../sql/${file}.sql`, import.meta.url), "utf8");
  const start = sql.indexOf(`create or replace function syncline.${name}(`);
  return sql.slice(start, sql.indexOf("\ncomment on function", start));
};

test("every planted bug is found within 1,000 histories", async (t) => {
  const db = await setTable(await testDatabase(t));
  try {
    const missed: string[] = [];
    for (const [file, name, from, to] of MUTANTS) {
      const text = textOf(file, name);
      assert.ok(text.includes(from), `${name} has no "${from}" any more`);
      await db.query(text.replace(from, to));
      if ((await findDifference(db, 1000, 1)) === undefined) missed.push(`${name}: ${from} → ${to || "nothing"}`);
      await db.query(text);
    }
    assert.deepEqual(missed, []);
  } finally {
    db.release();
  }
});

test("fifty thousand random histories go as the model says", async (t) => {
  const db = await setTable(await testDatabase(t));
  try {
    await playMany(db, Number(process.env.SYNCLINE_TEST_HISTORIES ?? 50_000));
  } finally {
    db.release();
  }
});
