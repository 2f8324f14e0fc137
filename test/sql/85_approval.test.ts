// 85_approval.sql: deletes that stopped at the brake. 79_laws.sql: the laws that are checked.
import assert from "node:assert/strict";
import { clearCheckpoint } from "../../src/db/checkpoints.ts";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { makeRun, manyRows, saveAll, sqlTests, startRun, type World } from "../helpers/world.ts";

const parked = async (w: World, rows = 100) => {
  const { ids, fence, stream } = await makeRun(w);
  await saveAll(w.db, { ...fence, stream }, manyRows(rows));
  await runs.finishRun(w.db, fence);
  const at = { ...(await startRun(w.db, ids)), stream };
  await records.openRefresh(w.db, at);
  const end = await records.endRefresh(w.db, at);
  assert.equal(end.verdict, "needs_approval");
  await runs.finishRun(w.db, at);
  await w.q("delete from syncline.outbox");
  return { ids, stream, refresh: end.refresh_id, run: at.run };
};

const live = (w: World, stream: number) =>
  w.one("select count(*) from syncline.records where stream_id = $1 and last_action <> 'D'", [stream]);

const webhooks = async (w: World) => await w.q("select kind, run_id, body from syncline.outbox order by id");

sqlTests("85_approval", {
  "approved deletes are applied, and the app is told": async (w) => {
    const { ids, stream, refresh, run } = await parked(w);
    await w.forward("1 h");
    assert.equal(await runs.approveDeletes(w.db, { refresh }), 100);
    assert.equal(await live(w, stream), 0);
    const [webhook, ...more] = await webhooks(w);
    assert.deepEqual(more, []);
    assert.deepEqual([webhook!.kind, webhook!.run_id, webhook!.body.model], ["sync", run, "Contact"]);
    assert.deepEqual(webhook!.body.responseResults, { added: 0, updated: 0, deleted: 100 });
    assert.equal(webhook!.body.modifiedAfter, "2026-03-01T01:00:00.000Z");
    const page = await records.readRecords(w.db, {
      connection: ids.connection,
      model: "Contact",
      variant: "base",
      afterStream: null,
      afterPos: null,
      modifiedAfter: webhook!.body.modifiedAfter,
      actions: ["D"],
      ids: null,
      limit: 1000,
    });
    assert.equal(page.length, 100);
    assert.deepEqual(await runs.checkInvariants(w.db, {}), []);
    await w.refuses("SL005", /^refresh \d+ does not wait for approval$/, () => runs.approveDeletes(w.db, { refresh }));
  },
  "more than one chunk is approved in one go": async (w) => {
    const { stream, refresh } = await parked(w, 5001);
    assert.equal(await runs.approveDeletes(w.db, { refresh }), 5001);
    assert.equal(await live(w, stream), 0);
  },
  "what changed after the brake is not deleted": async (w) => {
    const { ids, stream, refresh } = await parked(w);
    const at = { ...(await startRun(w.db, ids)), stream };
    await saveAll(w.db, at, { r000001: "changed", r000002: "x" });
    assert.equal(await runs.approveDeletes(w.db, { refresh }), 99);
    assert.equal(await live(w, stream), 1);
  },
  "discarded deletes leave everything as it is": async (w) => {
    const { stream, refresh } = await parked(w);
    assert.equal(await runs.discardDeletes(w.db, { refresh }), 100);
    assert.equal(await live(w, stream), 100);
    assert.deepEqual(await webhooks(w), []);
    for (const again of [runs.discardDeletes, runs.approveDeletes]) {
      await w.refuses("SL005", /^refresh \d+ does not wait for approval$/, () => again(w.db, { refresh }));
    }
    assert.equal(await w.one("select count(*) from syncline.refresh_missing"), 0);
  },
  "an approval works though a later refresh is open, and though the run was long ago": async (w) => {
    const { ids, stream, refresh } = await parked(w);
    const next = { ...(await startRun(w.db, ids)), stream };
    await clearCheckpoint(w.db, next);
    await records.openRefresh(w.db, next);
    await runs.failRun(w.db, { ...next, error: { message: "x" } });
    await w.forward("40 days");
    await w.q("select syncline.tidy_runs(1000)");
    assert.equal(await runs.approveDeletes(w.db, { refresh }), 100);
    assert.equal(await live(w, stream), 0);
    assert.deepEqual((await webhooks(w)).at(-1)!.body.responseResults, { added: 0, updated: 0, deleted: 100 });
  },
  "an unknown refresh is refused": async (w) => {
    await w.refuses("SL005", /^refresh 999 does not wait for approval$/, () =>
      runs.approveDeletes(w.db, { refresh: 999 }),
    );
    await w.refuses("SL005", /^refresh 999 does not wait for approval$/, () =>
      runs.discardDeletes(w.db, { refresh: 999 }),
    );
  },
  "every law that is broken is named": async (w) => {
    const { fence, ids, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, { a: "1" });
    assert.deepEqual(await runs.checkInvariants(w.db, {}), []);
    const broken = async (sql: string, law: string, subject: string) => {
      await w.q("savepoint law");
      await w.q(sql);
      assert.deepEqual(
        (await runs.checkInvariants(w.db, {})).map((row) => [row.law, row.subject]),
        [[law, subject]],
      );
      await w.q("rollback to savepoint law");
    };
    await broken("update syncline.streams set records = 2", "streams count their live records", `stream ${stream}`);
    await broken(
      "update syncline.streams set head = 0",
      "no record stands beyond its stream's head",
      `stream ${stream}`,
    );
    await broken("delete from syncline.streams", "every record has a stream", `stream ${stream}`);
    await broken("delete from syncline.runs", "a started sync has a live run or a next tick", `sync ${ids.sync}`);
  },
});
