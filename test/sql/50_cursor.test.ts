// 50_cursor.sql: reading a stream and pruning it.
import assert from "node:assert/strict";
import fc from "fast-check";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { type Ids, makeRun, manyRows, saveAll, sqlTests, startRun, type World } from "../helpers/world.ts";

type Query = Partial<Parameters<typeof records.readRecords>[1]>;

const read = (w: World, ids: Ids, o: Query = {}) =>
  records.readRecords(w.db, {
    connection: ids.connection,
    model: "Contact",
    variant: "base",
    afterStream: null,
    afterPos: null,
    modifiedAfter: null,
    actions: null,
    ids: null,
    limit: 1000,
    ...o,
  });

const idsOf = (rows: { external_id: string }[]) => rows.map((row) => row.external_id);

const prune = (w: World, ids: Ids, untilStream: number, untilPos: number, limit: number) =>
  records.pruneRecords(w.db, {
    connection: ids.connection,
    model: "Contact",
    variant: "base",
    untilStream,
    untilPos,
    limit,
  });

const OTHER = /^this cursor belongs to another connection, model or variant$/;
const EMPTIED = /^this cursor is from before the cache was emptied$/;

sqlTests("50_cursor", {
  "records come in the order of their latest change, page by page, each once": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, manyRows(25));
    await saveAll(w.db, { ...fence, stream }, { r000003: "changed" });
    const seen: string[] = [];
    let after: number | null = null;
    for (;;) {
      const page = await read(w, ids, { afterStream: after === null ? null : stream, afterPos: after, limit: 10 });
      seen.push(...idsOf(page));
      if (page.length < 10) break;
      after = page.at(-1)!.pos;
    }
    const wanted = [
      ...idsOf(Object.keys(manyRows(25)).map((id) => ({ external_id: id }))).filter((id) => id !== "r000003"),
      "r000003",
    ];
    assert.deepEqual(seen, wanted);
  },
  "what was never saved is empty, and the end is empty": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    assert.deepEqual(await read(w, ids), []);
    assert.deepEqual(await read(w, ids, { model: "Nothing" }), []);
    assert.deepEqual(await read(w, ids, { modifiedAfter: "2020-01-01T00:00:00Z" }), []);
    assert.deepEqual(await read(w, ids, { model: "Nothing", modifiedAfter: "2020-01-01T00:00:00Z", ids: ["a"] }), []);
    await saveAll(w.db, { ...fence, stream }, { a: "1" });
    assert.deepEqual(await read(w, ids, { afterStream: stream, afterPos: 1 }), []);
    assert.deepEqual(await read(w, ids, { limit: 0 }), []);
  },
  "a record shows when it was seen first, modified, deleted and pruned": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, { a: "1" });
    await prune(w, ids, stream, 1, 1);
    await w.forward("1 min");
    await records.removeRecords(w.db, { ...fence, stream, ids: ["a"], deletedAt: [null] });
    const [row] = await read(w, ids);
    assert.deepEqual(row, {
      stream_id: stream,
      external_id: "a",
      pos: 2,
      first_seen_at: "2026-03-01T00:00:00.000000+00:00",
      last_modified_at: "2026-03-01T00:01:00.000000+00:00",
      last_action: "D",
      deleted_at: "2026-03-01T00:01:00.000000+00:00",
      pruned_at: "2026-03-01T00:00:00.000000+00:00",
      payload: null,
    });
  },
  "filters by last action are a union, and combine with ids": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, { a: "1", b: "1", c: "1" });
    await saveAll(w.db, at, { b: "2" });
    await records.removeRecords(w.db, { ...at, ids: ["c"], deletedAt: [null] });
    const byActions = async (...actions: string[]) => idsOf(await read(w, ids, { actions }));
    assert.deepEqual(await byActions("A"), ["a"]);
    assert.deepEqual(await byActions("U"), ["b"]);
    assert.deepEqual(await byActions("D"), ["c"]);
    assert.deepEqual(await byActions("A", "D"), ["a", "c"]);
    assert.deepEqual(await byActions("A", "U", "D"), ["a", "b", "c"]);
    assert.deepEqual(idsOf(await read(w, ids, { ids: ["c", "a", "nope"] })), ["a", "c"]);
    assert.deepEqual(idsOf(await read(w, ids, { ids: ["a", "c"], actions: ["D"] })), ["c"]);
    assert.deepEqual(idsOf(await read(w, ids, { ids: [] })), []);
    assert.deepEqual(idsOf(await read(w, ids, { ids: ["a", "b", "c"], limit: 2 })), ["a", "b"]);
    assert.deepEqual(idsOf(await read(w, ids, { ids: ["a", "b"], afterStream: stream, afterPos: 1 })), ["b"]);
  },
  "a cursor of another connection, model or variant is refused": async (w) => {
    const one = await makeRun(w, { models: ["Contact", "Company"] });
    const company = await records.openStream(w.db, { ...one.fence, model: "Company" });
    const other = await makeRun(w);
    const variant = await makeRun(w, { beside: one.ids, sameConnection: true, variant: "eu" });
    for (const stream of [company, other.stream, variant.stream]) {
      await w.refuses("SL003", OTHER, () => read(w, one.ids, { afterStream: stream, afterPos: 0 }));
      await w.refuses("SL003", OTHER, () => prune(w, one.ids, stream, 10, 10));
    }
    await w.refuses("SL003", OTHER, () => read(w, one.ids, { model: "Nothing", afterStream: one.stream, afterPos: 0 }));
  },
  "a cursor from before the cache was emptied says so, though its records are swept already": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, { a: "1" });
    await runs.finishRun(w.db, fence);
    const emptying = await startRun(w.db, ids, { emptyCache: true });
    await records.emptyCache(w.db, emptying);
    const old = () => read(w, ids, { afterStream: stream, afterPos: 1 });
    await w.refuses("SL003", EMPTIED, old);
    assert.deepEqual(await read(w, ids), []);
    const fresh = await records.openStream(w.db, { ...emptying, model: "Contact" });
    await saveAll(w.db, { ...emptying, stream: fresh }, { a: "1" });
    await w.refuses("SL003", EMPTIED, old);
    while (await w.one("select syncline.sweep_streams(100)"));
    await w.refuses("SL003", EMPTIED, old);
    await w.refuses("SL003", EMPTIED, () => prune(w, ids, stream, 1, 10));
    assert.deepEqual(idsOf(await read(w, ids, { afterStream: fresh, afterPos: 0 })), ["a"]);
  },
  "modified_after is inclusive and gives exactly what a filter over all rows gives": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await runs.finishRun(w.db, fence);
    const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 3 })), {
      minLength: 1,
      maxLength: 30,
    });
    const check = async (rows: [number, number][], probe: number, afterPos: number | null): Promise<void> => {
      await w.q("delete from syncline.records where stream_id = $1", [stream]);
      await w.q(
        `insert into syncline.records (stream_id, external_id, pos, run_id, hash, payload, last_action, first_seen_at, last_modified_at)
         select $1, 'r' || p.pos, p.pos, 1, 'h', 'p', 'A', t.at, t.at
           from (select sum(g.gap) over (order by g.o) as pos, sum(g.tick) over (order by g.o) as tick
                   from unnest($2::int[], $3::int[]) with ordinality as g (gap, tick, o)) p
          cross join lateral (select timestamptz '2026-01-01Z' + p.tick * interval '1 us' as at) t`,
        [stream, rows.map(([gap]) => gap), rows.map(([, tick]) => tick)],
      );
      await w.q(
        "update syncline.streams set head = (select max(pos) from syncline.records where stream_id = $1) + 5 where id = $1",
        [stream],
      );
      const since = await w.one("select timestamptz '2026-01-01Z' + $1 * interval '1 us'", [probe]);
      const wanted = await w.q(
        "select external_id from syncline.records where stream_id = $1 and last_modified_at >= $2 and pos > coalesce($3, -1) order by pos",
        [stream, since, afterPos],
      );
      const got = await read(w, ids, {
        modifiedAfter: since,
        afterStream: afterPos === null ? null : stream,
        afterPos,
      });
      assert.deepEqual(idsOf(got), idsOf(wanted as { external_id: string }[]));
    };
    const property = fc.asyncProperty(
      gaps,
      fc.integer({ min: -2, max: 60 }),
      fc.option(fc.integer({ min: 0, max: 300 })),
      check,
    );
    await fc.assert(property, { numRuns: 150 });
  },
  "pruning forgets the oldest payloads up to a cursor, and has_more is exact": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, manyRows(10));
    assert.deepEqual(await prune(w, ids, stream, 7, 3), { count: 3, has_more: true });
    assert.deepEqual(await prune(w, ids, stream, 7, 4), { count: 4, has_more: false });
    assert.deepEqual(await prune(w, ids, stream, 7, 4), { count: 0, has_more: false });
    const rows = await read(w, ids);
    assert.deepEqual(
      rows.map((row) => row.payload === null),
      [...Array(7).fill(true), ...Array(3).fill(false)],
    );
    assert.deepEqual(
      rows.map((row) => row.pos),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.equal(rows[0]?.pruned_at, "2026-03-01T00:00:00.000000+00:00");
  },
  "pruning again after a payload came back takes it, and passes over what is gone already": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    await saveAll(w.db, at, manyRows(5));
    assert.deepEqual(await prune(w, ids, stream, 5, 10), { count: 5, has_more: false });
    assert.equal((await saveAll(w.db, at, { r000002: "x", r000004: "x" })).saved, "..");
    assert.deepEqual(await prune(w, ids, stream, 5, 1), { count: 1, has_more: true });
    assert.deepEqual(await prune(w, ids, stream, 5, 1), { count: 1, has_more: false });
    assert.equal(await w.one("select pruned_pos from syncline.streams where id = $1", [stream]), 4);
  },
  "pruning what was never saved is nothing": async (w) => {
    const { ids } = await makeRun(w);
    const none = {
      connection: ids.connection,
      model: "Nothing",
      variant: "base",
      untilStream: null,
      untilPos: 10,
      limit: 10,
    };
    assert.deepEqual(await records.pruneRecords(w.db, none), { count: 0, has_more: false });
  },
});
