// 30_checkpoint.sql: what a function remembers for its next run.
import assert from "node:assert/strict";
import { clearCheckpoint, getCheckpoint, isIncremental, saveCheckpoint } from "../../src/db/checkpoints.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, makeRun, makeSync, sqlTests, startRun } from "../helpers/world.ts";

const ok = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`f${i}`, i]));

const INVALID: [unknown, RegExp][] = [
  [null, /^invalid checkpoint: the value$/],
  [[1], /^invalid checkpoint: the value$/],
  ["page 2", /^invalid checkpoint: the value$/],
  [{ at: null }, /^invalid checkpoint: field "at"$/],
  [{ at: { page: 1 } }, /^invalid checkpoint: field "at"$/],
  [{ at: [1] }, /^invalid checkpoint: field "at"$/],
  [{ at: "x".repeat(4001) }, /^invalid checkpoint: field "at"$/],
  [{ ["k".repeat(256)]: 1 }, /^invalid checkpoint: field "k{50}"$/],
  [{ ...ok, more: 1 }, /^invalid checkpoint: the number of fields$/],
];

sqlTests("30_checkpoint", {
  "a checkpoint is what the last save said": async (w) => {
    const { fence } = await makeRun(w);
    assert.equal(await getCheckpoint(w.db, { run: fence.run }), null);
    assert.equal(await saveCheckpoint(w.db, { ...fence, value: { page: 1, done: false, at: "x" } }), false);
    await saveCheckpoint(w.db, { ...fence, value: { page: 2 } });
    assert.deepEqual(await getCheckpoint(w.db, { run: fence.run }), { page: 2 });
  },
  "the largest checkpoint is kept exactly": async (w) => {
    const { fence } = await makeRun(w);
    const value = { ...ok, f0: "x".repeat(4000), f1: true, f2: -0.5, ["k".repeat(255)]: "" };
    delete (value as Record<string, unknown>).f3;
    await saveCheckpoint(w.db, { ...fence, value });
    assert.deepEqual(await getCheckpoint(w.db, { run: fence.run }), value);
    await saveCheckpoint(w.db, { ...fence, value: {} });
    assert.deepEqual(await getCheckpoint(w.db, { run: fence.run }), {});
  },
  "what is none is refused with the field's name and leaves the old one": async (w) => {
    const { fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    for (const [value, message] of INVALID) {
      await w.refuses("SL004", message, () => saveCheckpoint(w.db, { ...fence, value }));
    }
    assert.deepEqual(await getCheckpoint(w.db, { run: fence.run }), { page: 1 });
  },
  "a save says when the time slice is over": async (w) => {
    const { fence } = await makeRun(w);
    await w.forward("9 min 59 s");
    assert.equal(await saveCheckpoint(w.db, { ...fence, value: { page: 1 } }), false);
    await w.forward("1 s");
    assert.equal(await saveCheckpoint(w.db, { ...fence, value: { page: 2 } }), true);
  },
  "a cleared checkpoint is gone, and clearing none is nothing": async (w) => {
    const { fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    await clearCheckpoint(w.db, fence);
    await clearCheckpoint(w.db, fence);
    assert.equal(await getCheckpoint(w.db, { run: fence.run }), null);
  },
  "variants and connections remember apart": async (w) => {
    const { ids, fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    const name = await w.one("select name from syncline.syncs where id = $1", [ids.sync]);
    const variant = await makeSync(w, { beside: ids, sameConnection: true, variant: "eu" });
    const foreign = await makeSync(w, { beside: ids });
    await w.q("update syncline.syncs set name = $1 where id = any ($2)", [name, [variant.sync, foreign.sync]]);
    for (const other of [variant, foreign]) {
      const { run } = await startRun(w.db, other);
      assert.equal(await getCheckpoint(w.db, { run }), null);
    }
  },
  "a stale token saves and clears nothing": async (w) => {
    const { fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    await runs.requeueExpired(w.db, { nobodyLives: true });
    await claim(w.db);
    await w.refuses("SL001", /^lease lost$/, () => saveCheckpoint(w.db, { ...fence, value: { page: 2 } }));
    await w.refuses("SL001", /^lease lost$/, () => clearCheckpoint(w.db, fence));
    assert.deepEqual(await getCheckpoint(w.db, { run: fence.run }), { page: 1 });
  },
  "a run is incremental when it goes on from what a finished one left": async (w) => {
    const { ids, fence } = await makeRun(w);
    assert.equal(await isIncremental(w.db, { run: fence.run }), false);
    await saveCheckpoint(w.db, { ...fence, value: { since: "a" } });
    assert.equal(await isIncremental(w.db, { run: fence.run }), false, "its own checkpoint");
    await runs.finishRun(w.db, fence);
    const second = await startRun(w.db, ids);
    assert.equal(await isIncremental(w.db, { run: second.run }), true);
    await clearCheckpoint(w.db, second);
    assert.equal(await isIncremental(w.db, { run: second.run }), false);
  },
  "a full refresh that goes on from a failed or interrupted run is not incremental": async (w) => {
    const { ids, fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    await runs.failRun(w.db, { ...fence, error: { message: "x" } });
    const second = await startRun(w.db, ids);
    assert.equal(await isIncremental(w.db, { run: second.run }), false);
    await saveCheckpoint(w.db, { ...second, value: { page: 2 } });
    await runs.interruptRun(w.db, second);
    assert.equal(await isIncremental(w.db, { run: (await claim(w.db)).run }), false);
  },
  "a checkpoint whose run was tidied away is that of a finished one": async (w) => {
    const { ids, fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { since: "a" } });
    await runs.finishRun(w.db, fence);
    const second = await startRun(w.db, ids);
    await w.q("delete from syncline.runs where id = $1", [fence.run]);
    assert.equal(await isIncremental(w.db, { run: second.run }), true);
  },
});
