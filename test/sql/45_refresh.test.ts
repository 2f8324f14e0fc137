// 45_refresh.sql: deleting what a full refresh did not see, with a brake.
import assert from "node:assert/strict";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { makeRun, manyRows, saveAll, sqlTests } from "../helpers/world.ts";
import { afterFirstRun, endAll, live, nextRun, ROWS, refreshes, takeOver } from "./refresh.ts";

sqlTests("45_refresh", {
  "what a full refresh did not see is deleted; what it saw stays: unchanged, changed, new, revived": async (w) => {
    const { ids, at } = await afterFirstRun(w, { ...ROWS, e: "1", f: "1" });
    await records.removeRecords(w.db, { ...at, ids: ["f"], deletedAt: [null] });
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1", b: "2", f: "1", n: "1" });
    const { missing, live: counted, verdict, deleted } = await endAll(w, at);
    assert.deepEqual(
      { missing, counted, verdict, deleted },
      { missing: 3, counted: 7, verdict: "deleting", deleted: ["c", "d", "e"] },
    );
    assert.deepEqual(await live(w, at.stream), ["a", "b", "f", "n"]);
    assert.deepEqual(await refreshes(w), [{ state: "finished", missing: 3, live: 7, deleted: 3 }]);
    const [row] = await w.q("select records, pending_deleted from syncline.streams where id = $1", [at.stream]);
    assert.deepEqual(row, { records: 4, pending_deleted: 4 });
    assert.equal(await w.one("select count(*) from syncline.refresh_seen"), 0);
    assert.equal(await w.one("select count(*) from syncline.refresh_missing"), 0);
    assert.equal(ids.sync, await w.one("select sync_id from syncline.refreshes"));
  },
  "deleted records keep their payload and move to the end of the feed": async (w) => {
    const { at } = await afterFirstRun(w, { a: "1", b: "1" });
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1" });
    await endAll(w, at);
    const [row] = await w.q(
      "select pos, last_action, payload, run_id, deleted_at from syncline.records where external_id = 'b'",
    );
    assert.deepEqual([row!.pos, row!.last_action, String(row!.payload), row!.run_id], [3, "D", "1", at.run]);
    assert.equal(row!.deleted_at, "2026-03-01T00:00:00.000000+00:00");
  },
  "a refresh that saw everything deletes nothing, and one on an empty stream too": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, ROWS);
    assert.deepEqual((await endAll(w, at)).deleted, []);
    const empty = await makeRun(w);
    const there = { ...empty.fence, stream: empty.stream };
    await records.openRefresh(w.db, there);
    const { missing, live: counted, verdict } = await endAll(w, there);
    assert.deepEqual({ missing, counted, verdict }, { missing: 0, counted: 0, verdict: "deleting" });
  },
  "records of other streams are not touched": async (w) => {
    const one = await afterFirstRun(w, ROWS);
    const other = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, one.at);
    await endAll(w, one.at);
    assert.deepEqual([await live(w, one.at.stream), await live(w, other.at.stream)], [[], ["a", "b", "c", "d"]]);
  },
  "what somebody else changed or added meanwhile stays": async (w) => {
    const { ids, at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    const other = await makeRun(w, { beside: ids, sameConnection: true });
    assert.equal(other.stream, at.stream);
    await saveAll(w.db, { ...other.fence, stream: at.stream }, { c: "changed", new: "1" });
    await saveAll(w.db, at, { a: "1" });
    assert.deepEqual((await endAll(w, at)).deleted, ["b", "d"]);
  },
  "a record pruned earlier counts as seen": async (w) => {
    const { ids, at } = await afterFirstRun(w, ROWS);
    const where = { connection: ids.connection, model: "Contact", variant: "base" };
    await records.pruneRecords(w.db, { ...where, untilStream: at.stream, untilPos: 2, limit: 10 });
    await records.openRefresh(w.db, at);
    assert.equal((await saveAll(w.db, at, ROWS)).diff, "PP..");
    assert.deepEqual((await endAll(w, at)).deleted, []);
  },
  "ending without starting is an error": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await w.refuses("SL005", /^trackDeletesEnd\("Contact"\) without trackDeletesStart$/, () =>
      records.endRefresh(w.db, at),
    );
    await records.openRefresh(w.db, at);
    await endAll(w, at);
    await w.refuses("SL005", /without trackDeletesStart$/, () => records.endRefresh(w.db, at));
    await w.refuses("SL005", /^refresh \d+ is not deleting$/, () =>
      records.deleteMissing(w.db, { ...at, refresh: 999_999_999 }),
    );
  },
  "starting twice in one attempt goes on with the same window": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    const first = await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1" });
    assert.equal(await records.openRefresh(w.db, at), first);
    await saveAll(w.db, at, { b: "1" });
    assert.deepEqual((await endAll(w, at)).deleted, ["c", "d"]);
  },
  "an empty answer of the provider deletes nothing from 100 records on: it waits for approval": async (w) => {
    const { at } = await afterFirstRun(w, manyRows(100));
    await records.openRefresh(w.db, at);
    const end = await endAll(w, at);
    assert.deepEqual([end.verdict, end.missing, end.live, end.deleted], ["needs_approval", 100, 100, []]);
    assert.equal((await live(w, at.stream)).length, 100);
    assert.deepEqual(await refreshes(w), [{ state: "needs_approval", missing: 100, live: 100, deleted: 0 }]);
    const [webhook] = await w.q("select kind, body from syncline.outbox where kind <> 'sync'");
    assert.equal(webhook!.kind, "deletes_need_approval");
    const { type, model, live: told, missing, syncVariant, refreshId } = webhook!.body;
    assert.deepEqual(
      { type, model, told, missing, syncVariant, refreshId },
      {
        type: "deletes_need_approval",
        model: "Contact",
        told: 100,
        missing: 100,
        syncVariant: "base",
        refreshId: end.refresh_id,
      },
    );
  },
  "the brake's edges: 99 records are free, half of 100 too, one more is not": async (w) => {
    const attempt = async (rows: number, seen: number) => {
      const { at } = await afterFirstRun(w, manyRows(rows));
      await records.openRefresh(w.db, at);
      await saveAll(w.db, at, manyRows(seen));
      return (await endAll(w, at)).verdict;
    };
    assert.equal(await attempt(99, 0), "deleting");
    assert.equal(await attempt(100, 50), "deleting");
    assert.equal(await attempt(100, 49), "needs_approval");
    assert.equal(await attempt(101, 50), "needs_approval");
  },
  "the brake's limits are the sync's own, and null takes it off": async (w) => {
    const { ids, at } = await afterFirstRun(w, manyRows(200));
    const set = (share: number | null, rows: number) =>
      w.q("update syncline.syncs set delete_limit_share = $2, delete_limit_rows = $3 where id = $1", [
        ids.sync,
        share,
        rows,
      ]);
    await set(0.01, 200);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, manyRows(197));
    assert.equal((await endAll(w, at)).verdict, "needs_approval");
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, manyRows(198));
    assert.equal((await endAll(w, at)).verdict, "deleting");
    await set(null, 0);
    await records.openRefresh(w.db, at);
    assert.deepEqual([(await endAll(w, at)).verdict, (await live(w, at.stream)).length], ["deleting", 0]);
  },
  "a later complete refresh takes the place of one that waits for approval": async (w) => {
    const { ids, at } = await afterFirstRun(w, manyRows(100));
    await records.openRefresh(w.db, at);
    assert.equal((await endAll(w, at)).verdict, "needs_approval");
    await runs.finishRun(w.db, at);
    const next = await nextRun(w, ids, at);
    await records.openRefresh(w.db, next);
    await saveAll(w.db, next, manyRows(99));
    assert.deepEqual(
      (await refreshes(w)).map(({ state }) => state),
      ["needs_approval", "open"],
    );
    assert.deepEqual((await endAll(w, next)).deleted, ["r000100"]);
    assert.deepEqual(
      (await refreshes(w)).map(({ state }) => state),
      ["superseded", "finished"],
    );
    await runs.finishRun(w.db, next);
    const again = await nextRun(w, ids, at);
    await w.q("update syncline.syncs set delete_limit_rows = 1");
    await records.openRefresh(w.db, again);
    await endAll(w, again);
    await records.openRefresh(w.db, again);
    await endAll(w, again);
    assert.deepEqual(
      (await refreshes(w)).map(({ state }) => state),
      ["superseded", "finished", "superseded", "needs_approval"],
    );
  },
  "a stale token opens, ends and deletes nothing": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    const end = await records.endRefresh(w.db, at);
    await takeOver(w, at);
    const calls = [
      () => records.openRefresh(w.db, at),
      () => records.endRefresh(w.db, at),
      () => records.deleteMissing(w.db, { ...at, refresh: end.refresh_id }),
    ];
    for (const call of calls) await w.refuses("SL001", /^lease lost$/, call);
    assert.deepEqual(await live(w, at.stream), ["a", "b", "c", "d"]);
  },
});
