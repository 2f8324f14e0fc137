// 87_undo.sql: what a run did is undone by changes of another run, as far as it is known what there was before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { getCheckpoint, saveCheckpoint } from "../../src/db/checkpoints.ts";
import { recordsAsOf } from "../../src/db/history.ts";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import * as undoing from "../../src/db/undo.ts";
import { testDatabase } from "../helpers/database.ts";
import { figures } from "../helpers/figures.ts";
import { until } from "../helpers/until.ts";
import {
  type Fence,
  type Ids,
  makeFunction,
  makeRun,
  makeSync,
  manyRows,
  saveAll,
  sqlTests,
  startRun,
  type World,
  worldOn,
} from "../helpers/world.ts";

const begun = async (w: World, { history = true } = {}) => {
  const { ids, fence } = await makeRun(w);
  if (history) await w.q("update syncline.functions set history_models = models where id = $1", [ids.function]);
  const stream = await records.openStream(w.db, { ...fence, model: "Contact" });
  return { ids, at: { ...fence, stream }, stream };
};

type Rows = Record<string, string>;

/** One run that saves and deletes, and ends; later than the one before. */
const did = async (w: World, ids: Ids, stream: number, rows: Rows, gone: string[] = []): Promise<Fence> => {
  await w.forward("1 min");
  const at = { ...(await startRun(w.db, ids)), stream };
  await w.forward("1 s");
  await saveAll(w.db, at, rows);
  await records.removeRecords(w.db, { ...at, ids: gone, deletedAt: gone.map(() => null) });
  await runs.finishRun(w.db, at);
  await w.forward("1 s");
  return at;
};

const live = async (w: World, stream: number) =>
  (
    await w.q(
      `select external_id || ' ' || convert_from(payload, 'UTF8') as row from syncline.records
        where stream_id = $1 and last_action <> 'D' order by external_id`,
      [stream],
    )
  ).map(({ row }) => row);

const NOTHING = { removed: 0, restored: 0, reverted: 0, changed_since: 0, unrecoverable: 0 };
const counted = async (found: Promise<Awaited<ReturnType<typeof undoing.undoRun>>>) => {
  const { undo_run, model, ...counts } = (await found)[0]!;
  assert.equal(model, "Contact");
  return { undo: undo_run!, counts };
};

const lawful = async (w: World) => assert.deepEqual(await runs.checkInvariants(w.db, {}), []);

sqlTests("87_undo", {
  "added goes, deleted comes back, updated becomes what it was, and the undo can be undone": async (w) => {
    const { ids, at, stream } = await begun(w);
    await saveAll(w.db, at, { a: "1", b: "1", c: "1" });
    await runs.finishRun(w.db, at);
    const before = await live(w, stream);
    const bad = await did(w, ids, stream, { a: "bad", d: "bad" }, ["b"]);
    const after = await live(w, stream);
    const expected = { ...NOTHING, removed: 1, restored: 1, reverted: 1 };
    const heads = () => w.one("select head from syncline.streams where id = $1", [stream]);
    const head = await heads();
    assert.deepEqual((await counted(undoing.previewUndo(w.db, bad))).counts, expected);
    assert.deepEqual([await live(w, stream), await heads()], [after, head], "looking changes nothing");
    const first = await counted(undoing.undoRun(w.db, bad));
    assert.deepEqual([first.counts, await live(w, stream), await heads()], [expected, before, head + 3]);
    const again = await counted(undoing.undoRun(w.db, bad));
    assert.deepEqual(again.counts, { ...NOTHING, changed_since: 3 });
    await w.forward("1 min");
    const second = await counted(undoing.undoRun(w.db, { run: first.undo }));
    assert.deepEqual(second.counts, { ...NOTHING, removed: 1, restored: 1, reverted: 1 });
    assert.deepEqual(await live(w, stream), after);
    const [run] = await w.q(
      `select r.kind, r.origin, r.state, r.undoes_run_id = $2 as names, c.added, c.updated, c.deleted
         from syncline.runs r join syncline.run_streams c on c.run_id = r.id where r.id = $1`,
      [first.undo, bad.run],
    );
    const kind = { kind: "undo", origin: "undo", state: "succeeded", names: true };
    assert.deepEqual(run, { ...kind, added: 1, updated: 1, deleted: 1 });
    await lawful(w);
  },
  "what somebody else has changed since stays, and is counted": async (w) => {
    const { ids, at, stream } = await begun(w);
    await saveAll(w.db, at, { a: "1", b: "1" });
    await runs.finishRun(w.db, at);
    const bad = await did(w, ids, stream, { a: "bad", b: "bad" });
    await did(w, ids, stream, { b: "good" });
    assert.deepEqual((await counted(undoing.undoRun(w.db, bad))).counts, { ...NOTHING, reverted: 1, changed_since: 1 });
    assert.deepEqual(await live(w, stream), ["a 1", "b good"]);
  },
  "without history updates stay and are counted, the rest is undone": async (w) => {
    const { ids, at, stream } = await begun(w, { history: false });
    await saveAll(w.db, at, { a: "1", b: "1", c: "1", e: "1" });
    await runs.finishRun(w.db, at);
    await w.q("update syncline.records set payload = null, pruned_at = syncline.now() where external_id = 'e'");
    const bad = await did(w, ids, stream, { a: "bad", d: "bad", f: "bad" }, ["b", "e", "f"]);
    await did(w, ids, stream, { c: "other" });
    const { counts } = await counted(undoing.undoRun(w.db, bad));
    // f came and went in the run: two changes of one record, which without history may be another's since.
    assert.deepEqual(counts, { ...NOTHING, removed: 1, restored: 1, unrecoverable: 2, changed_since: 1 });
    assert.deepEqual(await live(w, stream), ["a bad", "b 1", "c other"]);
    await lawful(w);
  },
  "what a refresh deleted in chunks, and what was approved later, comes back; what waits for approval is discarded":
    async (w) => {
      const { ids, at, stream } = await begun(w);
      await saveAll(w.db, at, manyRows(5001));
      await runs.finishRun(w.db, at);
      const wipe = async () => {
        await w.forward("1 min");
        const next = { ...(await startRun(w.db, ids)), stream };
        await records.openRefresh(w.db, next);
        const { verdict, refresh_id: refresh } = await records.endRefresh(w.db, next);
        while (verdict === "deleting" && (await records.deleteMissing(w.db, { ...next, refresh })) !== null);
        await runs.finishRun(w.db, next);
        return { ...next, refresh };
      };
      const parked = await wipe();
      assert.deepEqual(await undoing.undoRun(w.db, parked), [], "it changed nothing");
      assert.equal(await w.one("select state from syncline.refreshes where id = $1", [parked.refresh]), "discarded");
      const approved = await wipe();
      await w.forward("1 day");
      await runs.approveDeletes(w.db, approved);
      await w.forward("1 min");
      assert.deepEqual((await counted(undoing.undoRun(w.db, approved))).counts, { ...NOTHING, restored: 5001 });
      await w.q("update syncline.syncs set delete_limit_share = null");
      const wiped = await wipe();
      await w.forward("1 min");
      assert.deepEqual((await counted(undoing.undoRun(w.db, wiped))).counts, { ...NOTHING, restored: 5001 });
      assert.equal((await live(w, stream)).length, 5001);
      await lawful(w);
    },
  "the app is told by a webhook, with what it has to read": async (w) => {
    const { ids, at, stream } = await begun(w);
    await saveAll(w.db, at, { a: "1" });
    await runs.finishRun(w.db, at);
    const bad = await did(w, ids, stream, { a: "bad" });
    await w.q("delete from syncline.outbox");
    const { undo } = await counted(undoing.undoRun(w.db, bad));
    const [told, ...more] = await w.q("select run_id, kind, body from syncline.outbox");
    assert.deepEqual([told!.run_id, told!.kind, more], [undo, "sync", []]);
    assert.deepEqual(told!.body.responseResults, { added: 0, updated: 1, deleted: 0 });
    const page = { connection: ids.connection, model: "Contact", variant: "base", afterStream: null, afterPos: null };
    const since = { ...page, modifiedAfter: told!.body.modifiedAfter, actions: null, ids: null, limit: 10 };
    assert.deepEqual(
      (await records.readRecords(w.db, since)).map((row) => String(row.payload)),
      ["1"],
    );
  },
  "the sync goes back to where the run began, unless told not to, and forward again when that is undone": async (w) => {
    const { ids, at, stream } = await begun(w);
    const reach = async () => {
      const [row] = await w.q(
        `select k.value ->> 'at' as at, k.run_id as by, s.last_success_at as success
           from syncline.syncs s left join syncline.checkpoints k on k.connection_id = s.connection_id where s.id = $1`,
        [ids.sync],
      );
      return row!;
    };
    const reached = async (value: number) => {
      await w.forward("1 min");
      const next = { ...(await startRun(w.db, ids)), stream };
      await saveAll(w.db, next, { a: String(value) });
      await saveCheckpoint(w.db, { ...next, value: { at: value } });
      await runs.finishRun(w.db, next);
      return next;
    };
    await runs.finishRun(w.db, at);
    const first = await reached(1);
    const [one, second] = [await reach(), await reached(2)];
    const two = await reach();
    await undoing.undoRun(w.db, { ...second, rewind: false });
    assert.deepEqual(await reach(), two);
    const third = await reached(3);
    const three = await reach();
    await w.forward("1 min");
    const { undo } = await counted(undoing.undoRun(w.db, third));
    assert.deepEqual(await reach(), { ...two, by: second.run });
    await w.forward("1 min");
    await undoing.undoRun(w.db, { run: undo });
    assert.deepEqual(await reach(), { ...three, by: third.run });
    for (const run of [third, second]) await undoing.undoRun(w.db, run);
    assert.deepEqual(await reach(), one, "run by run, back to the first");
    await undoing.undoRun(w.db, first);
    assert.equal((await reach()).at, null);
    const next = await startRun(w.db, ids);
    assert.equal(await getCheckpoint(w.db, next), null);
  },
  "where records are rows of a table too, what is removed goes from it, and the next run writes the rest": async (
    w,
  ) => {
    const { ids, at, stream } = await begun(w);
    await saveAll(w.db, at, { a: "1", b: "1" });
    await runs.finishRun(w.db, at);
    const bad = await did(w, ids, stream, { a: "bad", c: "bad" });
    await w.q("create table public.contacts (id text primary key, account text default 'one')");
    await w.q("insert into public.contacts (id) values ('a'), ('b'), ('c')");
    await w.q("insert into syncline.landing_tables (environment_id, table_name) values ($1, 'public.contacts')", [
      ids.environment,
    ]);
    const head = await w.one("select head from syncline.streams where id = $1", [stream]);
    await w.q(
      `insert into syncline.landings (stream_id, environment_id, integration_id, function_name, model, table_name, relation,
         columns, names, key_columns, filled_pos, filled_at)
       values ($1, $2, $3, 'contacts', 'Contact', 'public.contacts', 'public.contacts'::regclass, '{"id": "$id", "account": "$connectionId"}', '{"$connectionId": "one"}', '{account,id}', 1, syncline.now())`,
      [stream, ids.environment, ids.integration],
    );
    await w.q("update syncline.streams set lands = true where id = $1", [stream]);
    await undoing.undoRun(w.db, { ...bad, fillLater: true });
    assert.deepEqual(await w.q("select id from public.contacts order by id"), [{ id: "a" }, { id: "b" }]);
    const [filled] = await w.q("select id, filled_pos, filled_at from syncline.landings");
    assert.deepEqual([filled!.filled_pos, filled!.filled_at], [head, null]);
    const left = await w.q("select external_id from syncline.read_unlanded($1, 10)", [filled!.id]);
    assert.deepEqual(left, [{ external_id: "a" }]);
  },
  "a run that is live, whose sync is live, that is no sync's or that is not there is refused": async (w) => {
    const { ids, at } = await begun(w);
    const tried = (run: number) => [() => undoing.undoRun(w.db, { run }), () => undoing.previewUndo(w.db, { run })];
    for (const act of tried(at.run)) await w.refuses("SL005", /^run \d+ is running$/, act);
    await runs.finishRun(w.db, at);
    const next = await startRun(w.db, ids);
    for (const act of tried(at.run)) await w.refuses("SL005", /^the sync is running$/, act);
    await runs.finishRun(w.db, next);
    for (const act of tried(999_999)) await w.refuses("SL002", /^no such run$/, act);
    await makeFunction(w, ids, { kind: "action", name: "act" });
    const action = await runs.startRun(w.db, { worker: "w", connection: ids.connection, kind: "action", name: "act" });
    for (const act of tried(action.id)) await w.refuses("SL005", /is of an action function/, act);
  },
});

test("many records are undone in one go, and a sync that saves into the same stream comes before or after it", async (t) => {
  const { pool } = await testDatabase(t);
  const [db, other] = [await pool.connect(), await pool.connect()];
  try {
    const w = worldOn(db);
    const { ids, at, stream } = await begun(w);
    const count = Number(process.env.SYNCLINE_TEST_UNDONE ?? 10_000);
    await w.q(
      `insert into syncline.records (stream_id, external_id, pos, run_id, hash, payload, last_action, first_seen_at, last_modified_at)
       select $1, 'r' || n, n, $2, 'a', 'good', 'A', syncline.now(), syncline.now() from generate_series(1, $3::int) n`,
      [stream, at.run, count],
    );
    await w.q("update syncline.streams set head = $2, records = $2 where id = $1", [stream, count]);
    await runs.finishRun(db, at);
    const good = await w.one("select clock_timestamp()::text");
    const bad = { ...(await startRun(db, ids)), stream };
    for (let from = 1; from <= count; from += 2000) {
      const names = Array.from({ length: 2000 }, (_, n) => `r${from + n}`);
      const payloads = names.map(() => Buffer.from("bad"));
      await records.saveRecords(db, { ...bad, ids: names, hashes: payloads, payloads, checkpoint: null });
    }
    await runs.finishRun(db, bad);
    const beside = await startRun(db, await makeSync(w, { beside: ids, sameConnection: true }));

    await db.query("begin");
    const started = performance.now();
    const { counts, undo } = await counted(undoing.undoRun(db, bad));
    figures(t, { undone: count, ms: Math.round(performance.now() - started) });
    const saving = saveAll(other, { ...beside, stream }, { r1: "new", more: "new" });
    await until(
      "the save waits",
      async () => (await pool.query("select from pg_stat_activity where wait_event_type = 'Lock'")).rowCount === 1,
    );
    await db.query("commit");
    await saving;
    assert.deepEqual(counts, { ...NOTHING, reverted: count });
    assert.equal(
      (await recordsAsOf(db, { stream, at: good })).filter(({ payload }) => String(payload) === "good").length,
      count,
    );
    const again = await counted(undoing.undoRun(db, { run: undo }));
    assert.deepEqual(again.counts, { ...NOTHING, reverted: count - 1, changed_since: 1 });
    assert.equal((await live(w, stream)).filter((row) => row.endsWith(" bad")).length, count - 1);
    await runs.finishRun(db, beside);
    await lawful(w);
  } finally {
    db.release();
    other.release();
  }
});
