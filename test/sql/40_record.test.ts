// 40_record.sql: saving records in two phases.
import assert from "node:assert/strict";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, contents, makeRun, makeSync, saveAll, sqlTests, startRun, type World } from "../helpers/world.ts";

const STALE = /^lease lost$/;

const rowOf = async (w: World, stream: number, id: string) =>
  (await w.q("select * from syncline.records where stream_id = $1 and external_id = $2", [stream, id]))[0]!;

const counts = async (w: World, fence: { run: number }, stream: number) =>
  (
    await w.q(
      "select added, updated, deleted, unchanged from syncline.run_streams where run_id = $1 and stream_id = $2",
      [fence.run, stream],
    )
  )[0]!;

const pending = async (w: World, stream: number) =>
  (
    await w.q(
      "select head, records, pending_added as a, pending_updated as u, pending_deleted as d, pending_since from syncline.streams where id = $1",
      [stream],
    )
  )[0]!;

const remove = (w: World, at: At, ids: string[], deletedAt: (string | null)[] = ids.map(() => null)) =>
  records.removeRecords(w.db, { ...at, ids, deletedAt });
type At = { run: number; token: number; stream: number };

sqlTests("40_record", {
  "a stream is made on first use and is the same ever after": async (w) => {
    const { ids, fence, stream } = await makeRun(w, { models: ["Contact", "Company"] });
    const open = (model: string) => records.openStream(w.db, { ...fence, model });
    assert.equal(await open("Contact"), stream);
    assert.notEqual(await open("Company"), stream);
    const [row] = await w.q(
      "select environment_id, connection_id, model, variant, head from syncline.streams where id = $1",
      [stream],
    );
    assert.deepEqual(row, {
      environment_id: ids.environment,
      connection_id: ids.connection,
      model: "Contact",
      variant: "base",
      head: 0,
    });
  },
  "a model the function does not declare is refused": async (w) => {
    const { fence } = await makeRun(w, { models: ["Contact", "Company"] });
    const open = () => records.openStream(w.db, { ...fence, model: "Nope" });
    await w.refuses("SL004", /^model "Nope" is not declared by this sync$/, open);
  },
  "variants have streams of their own": async (w) => {
    const first = await makeRun(w);
    const ids = await makeSync(w, { beside: first.ids, sameConnection: true, variant: "eu" });
    const fence = await startRun(w.db, ids);
    assert.notEqual(await records.openStream(w.db, { ...fence, model: "Contact" }), first.stream);
  },
  "new, changed and unchanged records are told apart, and only what changed is written": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    assert.deepEqual(await saveAll(w.db, at, { a: "1", b: "1", c: "1" }), { diff: "AAA", saved: "AAA" });
    const before = await rowOf(w, stream, "a");
    assert.deepEqual(await saveAll(w.db, at, { a: "1", b: "2", d: "1" }), { diff: ".UA", saved: "UA" });
    assert.deepEqual(await rowOf(w, stream, "a"), before);
    const changed = await rowOf(w, stream, "b");
    assert.deepEqual([changed.pos, changed.last_action, String(changed.payload)], [4, "U", "2"]);
    assert.deepEqual(await counts(w, fence, stream), { added: 4, updated: 1, deleted: 0, unchanged: 1 });
    const { pending_since: since, ...numbers } = await pending(w, stream);
    assert.deepEqual(numbers, { head: 5, records: 4, a: 4, u: 1, d: 0 });
    assert.equal(since, "2026-03-01T00:00:00.000000+00:00");
  },
  "nothing to save is nothing": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream, ...contents({}) };
    assert.equal(await records.diffRecords(w.db, at), "");
    assert.deepEqual(await records.saveRecords(w.db, { ...at, checkpoint: null }), {
      letters: "",
      is_slice_over: null,
    });
    assert.equal(await records.replaceRecords(w.db, { ...at, positions: [] }), "");
    assert.equal(await remove(w, at, []), 0);
    assert.deepEqual(await records.getRecords(w.db, at), []);
    assert.deepEqual(await counts(w, fence, stream), { added: 0, updated: 0, deleted: 0, unchanged: 0 });
  },
  "the same id twice: compared twice, and refused in one save": async (w) => {
    const { fence, stream } = await makeRun(w);
    const twice = {
      ids: ["a", "a"],
      hashes: [Buffer.alloc(16, 1), Buffer.alloc(16, 2)],
      payloads: [Buffer.from("1"), Buffer.from("2")],
    };
    const at = { ...fence, stream };
    assert.equal(await records.diffRecords(w.db, { ...at, ...twice }), "AA");
    await w.refuses("23505", /duplicate key value violates unique constraint "records_pkey"/, () =>
      records.saveRecords(w.db, { ...at, ...twice, checkpoint: null }),
    );
    await saveAll(w.db, at, { a: "1" });
    assert.equal(await remove(w, at, ["a", "a"]), 1);
  },
  "one content under two ids is two records": async (w) => {
    const { fence, stream } = await makeRun(w);
    assert.deepEqual(await saveAll(w.db, { ...fence, stream }, { a: "same", b: "same" }), { diff: "AA", saved: "AA" });
  },
  "ids are compared byte by byte": async (w) => {
    const { fence, stream } = await makeRun(w);
    const rows = { a: "1", A: "1", "a ": "1", ä: "1", "a\u0308": "1", "☃": "1", "": "1" };
    assert.equal((await saveAll(w.db, { ...fence, stream }, rows)).saved, "AAAAAAA");
    assert.equal((await saveAll(w.db, { ...fence, stream }, rows)).diff, ".......");
  },
  "a deleted record keeps its payload, and counts once": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1", b: "1" });
    await w.forward("1 min");
    assert.equal(await remove(w, at, ["a", "unknown"]), 1);
    assert.equal(await remove(w, at, ["a"]), 0);
    const row = await rowOf(w, stream, "a");
    assert.deepEqual(
      [row.last_action, String(row.payload), row.deleted_at],
      ["D", "1", "2026-03-01T00:01:00.000000+00:00"],
    );
    assert.deepEqual([(await pending(w, stream)).records, (await pending(w, stream)).d], [1, 1]);
    assert.equal((await counts(w, fence, stream)).deleted, 1);
  },
  "a delete may say when": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1", b: "1" });
    await remove(w, at, ["a", "b"], ["2025-01-01T00:00:00Z", null]);
    assert.equal((await rowOf(w, stream, "a")).deleted_at, "2025-01-01T00:00:00.000000+00:00");
    assert.equal((await rowOf(w, stream, "a")).last_modified_at, "2026-03-01T00:00:00.000000+00:00");
    assert.equal((await rowOf(w, stream, "b")).deleted_at, "2026-03-01T00:00:00.000000+00:00");
  },
  "a deleted record that comes back is added anew, seen first then, changed or not": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1", b: "1" });
    await remove(w, at, ["a", "b"]);
    await w.forward("1 h");
    assert.deepEqual(await saveAll(w.db, at, { a: "1", b: "2" }), { diff: "RR", saved: "AA" });
    for (const id of ["a", "b"]) {
      const row = await rowOf(w, stream, id);
      assert.deepEqual(
        [row.last_action, row.deleted_at, row.first_seen_at],
        ["A", null, "2026-03-01T01:00:00.000000+00:00"],
      );
    }
    assert.deepEqual([(await pending(w, stream)).records, (await pending(w, stream)).a], [2, 4]);
  },
  "a pruned record saved again unchanged gets its payload back and keeps its position": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1", b: "1" });
    const before = await rowOf(w, stream, "a");
    await records.pruneRecords(w.db, {
      connection: ids.connection,
      model: "Contact",
      variant: "base",
      untilStream: stream,
      untilPos: 2,
      limit: 10,
    });
    assert.equal((await rowOf(w, stream, "a")).payload, null);
    assert.deepEqual(await saveAll(w.db, at, { a: "1", b: "2" }), { diff: "PU", saved: ".U" });
    assert.deepEqual({ ...(await rowOf(w, stream, "a")) }, before);
    assert.deepEqual(await counts(w, fence, stream), { added: 2, updated: 1, deleted: 0, unchanged: 1 });
    assert.equal(
      await w.one("select pruned_pos from syncline.streams where id = $1", [stream]),
      0,
      "so that it is pruned again",
    );
  },
  "a record that became equal between the phases is left alone": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1" });
    assert.deepEqual(await records.saveRecords(w.db, { ...at, ...contents({ a: "1", b: "1" }), checkpoint: null }), {
      letters: ".A",
      is_slice_over: null,
    });
    assert.equal((await rowOf(w, stream, "a")).pos, 1);
  },
  "records and the checkpoint that covers them are one": async (w) => {
    const { fence, stream } = await makeRun(w);
    const save = (checkpoint: Record<string, unknown>) =>
      records.saveRecords(w.db, { ...fence, stream, ...contents({ a: "1" }), checkpoint });
    await w.refuses("SL004", /^invalid checkpoint: field "page"$/, () => save({ page: null }));
    assert.equal(await w.one("select count(*) from syncline.records"), 0);
    assert.deepEqual(await save({ page: 1 }), { letters: "A", is_slice_over: false });
    await w.forward("10 min");
    assert.deepEqual(await save({ page: 2 }), { letters: ".", is_slice_over: true });
  },
  "a stale token writes nothing at all": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1" });
    await runs.requeueExpired(w.db, { nobodyLives: true });
    await claim(w.db, "w2");
    const rows = contents({ a: "2" });
    const calls: (() => Promise<unknown>)[] = [
      () => records.openStream(w.db, { ...fence, model: "Contact" }),
      () => records.diffRecords(w.db, { ...at, ...rows }),
      () => records.saveRecords(w.db, { ...at, ...rows, checkpoint: null }),
      () => records.replaceRecords(w.db, { ...at, ...rows, positions: [1] }),
      () => remove(w, at, ["a"]),
      () => records.setMergingStrategy(w.db, { ...at, strategy: "override" }),
      () => records.emptyCache(w.db, fence),
    ];
    for (const call of calls) await w.refuses("SL001", STALE, call);
    assert.equal(String((await rowOf(w, stream, "a")).payload), "1");
  },
  "a stream that is gone takes no more records": async (w) => {
    const { fence, stream } = await makeRun(w);
    await w.q("update syncline.streams set retired_at = syncline.now() where id = $1", [stream]);
    const at = { ...fence, stream };
    const rows = contents({ a: "1" });
    const gone = /^stream \d+ does not exist any more$/;
    await w.refuses("SL002", gone, () => records.saveRecords(w.db, { ...at, ...rows, checkpoint: null }));
    await w.refuses("SL002", gone, () => records.replaceRecords(w.db, { ...at, ...rows, positions: [1] }));
    await w.refuses("SL002", gone, () => remove(w, at, ["a"]));
  },
  "an update of a record that moved meanwhile is not stored": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1", b: "1", c: "1" });
    const read = await records.getRecords(w.db, { stream, ids: ["a", "b", "c", "unknown"] });
    assert.deepEqual(
      read.map((row) => [row.external_id, row.pos, String(row.payload)]),
      [
        ["a", 1, "1"],
        ["b", 2, "1"],
        ["c", 3, "1"],
      ],
    );
    await saveAll(w.db, at, { b: "changed" });
    await remove(w, at, ["c"]);
    const letters = await records.replaceRecords(w.db, {
      ...at,
      ...contents({ a: "2", b: "2", c: "2" }),
      positions: [1, 2, 3],
    });
    assert.equal(letters, "U!!");
    assert.deepEqual(
      [String((await rowOf(w, stream, "a")).payload), String((await rowOf(w, stream, "b")).payload)],
      ["2", "changed"],
    );
    assert.equal((await records.getRecords(w.db, { stream, ids: ["c"] })).length, 0);
    assert.deepEqual(await counts(w, fence, stream), { added: 3, updated: 2, deleted: 1, unchanged: 0 });
  },
  "last_modified_at never falls as positions rise, even when the clock does": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1", b: "1", c: "1" });
    await w.forward("-1 h");
    await saveAll(w.db, at, { a: "2", d: "1" });
    await remove(w, at, ["b"]);
    const [c] = await records.getRecords(w.db, { stream, ids: ["c"] });
    await records.replaceRecords(w.db, { ...at, ...contents({ c: "2" }), positions: [c!.pos] });
    await w.forward("2 h");
    await saveAll(w.db, at, { e: "1" });
    const times = (
      await w.q("select last_modified_at as t from syncline.records where stream_id = $1 order by pos", [stream])
    ).map((row) => row.t);
    assert.deepEqual(times, [...times].sort());
    assert.deepEqual([...new Set(times)], ["2026-03-01T00:00:00.000000+00:00", "2026-03-01T01:00:00.000000+00:00"]);
  },
});
