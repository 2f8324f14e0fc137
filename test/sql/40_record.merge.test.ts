// 41_merge.sql: whose change wins, and emptying the cache.
import assert from "node:assert/strict";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, contents, makeRun, makeSync, saveAll, sqlTests, startRun, type World } from "../helpers/world.ts";

const rowOf = async (w: World, stream: number, id: string) =>
  (await w.q("select * from syncline.records where stream_id = $1 and external_id = $2", [stream, id]))[0]!;

const remove = (w: World, at: At, ids: string[], deletedAt: (string | null)[] = ids.map(() => null)) =>
  records.removeRecords(w.db, { ...at, ids, deletedAt });
type At = { run: number; token: number; stream: number };

/** A run of a second sync on the same connection that writes to the same stream, as another writer. */
const otherWriter = async (w: World, first: Awaited<ReturnType<typeof makeRun>>) => {
  const ids = await makeSync(w, { beside: first.ids, sameConnection: true });
  const fence = await startRun(w.db, ids);
  return { ...fence, stream: await records.openStream(w.db, { ...fence, model: "Contact" }) };
};

sqlTests("41_merge", {
  "with ignore_if_modified_after, others' newer changes win: for saves, updates and deletes": async (w) => {
    const first = await makeRun(w);
    const at = { ...first.fence, stream: first.stream };
    await saveAll(w.db, at, { a: "1", b: "1", c: "1", gone: "1" });
    await records.setMergingStrategy(w.db, { ...at, strategy: "ignore_if_modified_after" });
    const other = await otherWriter(w, first);
    assert.equal(other.stream, first.stream);
    await saveAll(w.db, other, { a: "newer", fresh: "newer" });
    await remove(w, other, ["gone"]);
    assert.deepEqual(await saveAll(w.db, at, { a: "2", b: "2", gone: "2", fresh: "2", mine: "1" }), {
      diff: ".U..A",
      saved: "UA",
    });
    const blind = await records.saveRecords(w.db, {
      ...at,
      ...contents({ a: "2", gone: "2", fresh: "2" }),
      checkpoint: null,
    });
    assert.equal(blind.letters, "...");
    assert.equal(await remove(w, at, ["a", "c", "fresh"]), 1);
    const [a] = await records.getRecords(w.db, { stream: at.stream, ids: ["a"] });
    const replaced = await records.replaceRecords(w.db, { ...at, ...contents({ a: "2" }), positions: [a!.pos] });
    assert.equal(replaced, ".", "a newer change wins over an update too, for good");
    const stored = await records.getRecords(w.db, { stream: at.stream, ids: ["a", "b", "fresh"] });
    assert.deepEqual(
      stored.map((row) => String(row.payload)),
      ["newer", "2", "newer"],
    );
    assert.equal((await rowOf(w, at.stream, "gone")).last_action, "D");
  },
  "with ignore_if_modified_after a run may change again what it saved itself": async (w) => {
    const first = await makeRun(w);
    const at = { ...first.fence, stream: first.stream };
    await saveAll(w.db, at, { a: "1" });
    await records.setMergingStrategy(w.db, { ...at, strategy: "ignore_if_modified_after" });
    for (const text of ["2", "3"]) assert.equal((await saveAll(w.db, at, { a: text })).saved, "U");
    const [a] = await records.getRecords(w.db, { stream: at.stream, ids: ["a"] });
    assert.equal(await records.replaceRecords(w.db, { ...at, ...contents({ a: "4" }), positions: [a!.pos] }), "U");
    assert.equal(await remove(w, at, ["a"]), 1);
    assert.equal((await saveAll(w.db, at, { a: "5" })).saved, "A");
  },
  "override takes the restriction back, and an unknown strategy is refused": async (w) => {
    const first = await makeRun(w);
    const at = { ...first.fence, stream: first.stream };
    await saveAll(w.db, at, { a: "1" });
    await records.setMergingStrategy(w.db, { ...at, strategy: "ignore_if_modified_after" });
    await saveAll(w.db, await otherWriter(w, first), { a: "2" });
    assert.equal((await saveAll(w.db, at, { a: "3" })).diff, ".");
    await records.setMergingStrategy(w.db, { ...at, strategy: "override" });
    assert.deepEqual(await saveAll(w.db, at, { a: "3" }), { diff: "U", saved: "U" });
    for (const strategy of ["newest", null]) {
      await w.refuses("SL004", /is not a merging strategy$/, () =>
        records.setMergingStrategy(w.db, { ...at, strategy }),
      );
    }
  },
  "an emptied cache starts over, once, in the run's models and variant only": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, { a: "1" });
    const variant = await makeSync(w, { beside: ids, sameConnection: true, variant: "eu" });
    const eu = await startRun(w.db, variant);
    const euStream = await records.openStream(w.db, { ...eu, model: "Contact" });
    await records.emptyCache(w.db, fence);
    assert.equal(await records.openStream(w.db, { ...fence, model: "Contact" }), stream, "only when asked to");
    await runs.finishRun(w.db, fence);
    const emptying = await startRun(w.db, ids, { emptyCache: true });
    await records.emptyCache(w.db, emptying);
    const fresh = await records.openStream(w.db, { ...emptying, model: "Contact" });
    assert.notEqual(fresh, stream);
    assert.equal((await saveAll(w.db, { ...emptying, stream: fresh }, { a: "1" })).saved, "A");
    await records.emptyCache(w.db, emptying);
    assert.equal(await records.openStream(w.db, { ...emptying, model: "Contact" }), fresh, "once");
    assert.equal(await records.openStream(w.db, { ...eu, model: "Contact" }), euStream);
  },
  "what a release or a lost worker leaves is not emptied again": async (w) => {
    const { ids, fence } = await makeRun(w);
    await runs.finishRun(w.db, fence);
    const first = await startRun(w.db, ids, { emptyCache: true });
    await records.emptyCache(w.db, first);
    const stream = await records.openStream(w.db, { ...first, model: "Contact" });
    await runs.requeueExpired(w.db, { nobodyLives: true });
    const second = await claim(w.db);
    await records.emptyCache(w.db, second);
    assert.equal(await records.openStream(w.db, { ...second, model: "Contact" }), stream);
  },
});
