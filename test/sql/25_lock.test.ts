// sql/25_lock.sql: locks that functions take.
import assert from "node:assert/strict";
import { releaseLock, releaseLocks, tryAcquireLock } from "../../src/db/locks.ts";
import { cancelRun, failRun, finishRun, interruptRun, releaseRun } from "../../src/db/runs.ts";
import { claim, makeSync, sqlTests, startRun, type World } from "../helpers/world.ts";

const twoRuns = async (w: World) => {
  const first = await makeSync(w);
  const second = await makeSync(w, { beside: first });
  return { first, a: await startRun(w.db, first), b: await startRun(w.db, second) };
};

const take = (w: World, fence: { run: number; token: number }, key = "k", ttlMs = 60_000) =>
  tryAcquireLock(w.db, { ...fence, key, ttlMs });

sqlTests("25_lock", {
  "one run of an environment holds a key; the holder may take it again and give it back": async (w) => {
    const { a, b } = await twoRuns(w);
    assert.deepEqual([await take(w, a), await take(w, b), await take(w, a)], [true, false, true]);
    assert.equal(await take(w, b, "another"), true);
    assert.deepEqual([await releaseLock(w.db, { ...b, key: "k" }), await take(w, b)], [false, false]);
    assert.deepEqual([await releaseLock(w.db, { ...a, key: "k" }), await take(w, b)], [true, true]);
    assert.equal(await releaseLocks(w.db, b), 2);
    assert.deepEqual([await take(w, a), await take(w, a, "another")], [true, true]);
  },
  "a lock ends when its time is up, and taking it again prolongs it": async (w) => {
    const { a, b } = await twoRuns(w);
    await take(w, a, "k", 1000);
    await w.forward("999 ms");
    assert.equal(await take(w, b), false);
    await take(w, a, "k", 1000);
    await w.forward("999 ms");
    assert.equal(await take(w, b), false);
    await w.forward("1 ms");
    assert.equal(await releaseLock(w.db, { ...a, key: "k" }), false);
    assert.equal(await take(w, b), true);
  },
  "a lock ends with its run, however that ends": async (w) => {
    const ends: ((fence: { run: number; token: number }) => Promise<unknown>)[] = [
      (fence) => finishRun(w.db, fence),
      (fence) => failRun(w.db, { ...fence, error: { type: "x", message: "x" } }),
      (fence) => interruptRun(w.db, fence),
      ({ run }) => cancelRun(w.db, { run }),
    ];
    for (const end of ends) {
      const { a, b } = await twoRuns(w);
      assert.deepEqual([await take(w, a, "k", Number.MAX_VALUE), await take(w, b)], [true, false]);
      await end(a);
      assert.equal(await take(w, b), true);
      await w.refuses("SL001", /lease lost/, () => take(w, a));
      await w.refuses("SL001", /lease lost/, () => releaseLock(w.db, { ...a, key: "k" }));
      assert.equal(await releaseLock(w.db, { ...b, key: "k" }), true);
      await w.q("delete from syncline.runs");
    }
  },
  "a run that goes on in another worker still holds its locks": async (w) => {
    const { a, b } = await twoRuns(w);
    await take(w, a);
    await releaseRun(w.db, a);
    assert.equal(await take(w, b), false);
    const again = await claim(w.db, "w2");
    assert.deepEqual([again.run, await take(w, b), await take(w, again)], [a.run, false, true]);
  },
  "environments do not see each other's locks": async (w) => {
    const { a } = await twoRuns(w);
    const { a: other } = await twoRuns(w);
    assert.deepEqual([await take(w, a), await take(w, other)], [true, true]);
  },
  "a bad key or time is refused by name": async (w) => {
    const { a } = await twoRuns(w);
    for (const key of ["", "x".repeat(256), null as never])
      await w.refuses("SL004", /^a lock's key is a text of 1 to 255 characters$/, () => take(w, a, key));
    await w.refuses("SL004", /key/, () => releaseLock(w.db, { ...a, key: "" }));
    for (const ttl of [0, -1, Number.NaN, null as never])
      await w.refuses("SL004", /^a lock's ttlMs is a number of milliseconds above 0$/, () => take(w, a, "k", ttl));
    assert.equal(await take(w, a, "x".repeat(255), Number.POSITIVE_INFINITY), true);
  },
});
