// 38_version.sql and 52_history.sql: keeping versions and reading them. Random play against an oracle: test/model/history.test.ts.
import assert from "node:assert/strict";
import * as history from "../../src/db/history.ts";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { contents, makeRun, makeSync, saveAll, sqlTests, startRun, type World } from "../helpers/world.ts";

const keeping = async (w: World) => {
  const { ids, fence } = await makeRun(w);
  await w.q("update syncline.functions set history_models = '{Contact}' where id = $1", [ids.function]);
  const stream = await records.openStream(w.db, { ...fence, model: "Contact" });
  return { ids, at: { ...fence, stream }, stream };
};

const asOf = async (w: World, stream: number, at: string, page: { after?: string; limit?: number } = {}) =>
  (await history.recordsAsOf(w.db, { stream, at, ...page })).map((row) => `${row.external_id} ${row.payload}`);

const versions = (w: World, stream: number) =>
  w.one("select count(*) from syncline.record_versions where stream_id = $1", [stream]);

const time = (minute: number) => `2026-03-01T00:0${minute}:00Z`;

sqlTests("52_history", {
  "a record is at every instant what it was, and its history says by whom": async (w) => {
    const { ids, at, stream } = await keeping(w);
    await saveAll(w.db, at, { a: "1", b: "1" });
    assert.equal(await versions(w, stream), 0, "what is new ends nothing");
    await w.at(time(1));
    await saveAll(w.db, at, { a: "2", b: "1" });
    await w.at(time(2));
    await records.removeRecords(w.db, { ...at, ids: ["a", "a"], deletedAt: ["2020-01-01Z", null] });
    await runs.finishRun(w.db, at);
    await w.at(time(3));
    const next = { ...(await startRun(w.db, ids)), stream };
    await saveAll(w.db, next, { a: "3" });
    await w.at(time(5));
    const told = [];
    for (const minute of [0, 1, 2, 3]) told.push((await asOf(w, stream, time(minute))).join());
    assert.deepEqual(told, ["a 1,b 1", "a 2,b 1", "b 1", "a 3,b 1"]);
    assert.deepEqual(await asOf(w, stream, time(0), { limit: 1 }), ["a 1"]);
    assert.deepEqual(await asOf(w, stream, time(0), { after: "a", limit: 5 }), ["b 1"]);
    const line = (await history.recordHistory(w.db, { stream, id: "a" })).map((row) =>
      [row.last_action, row.run_id, row.valid_from.slice(11, 16), row.valid_to?.slice(11, 16)].join(" "),
    );
    const [one, two] = [at.run, next.run];
    assert.deepEqual(line, [`A ${one} 00:00 00:01`, `U ${one} 00:01 00:02`, `D ${one} 00:02 00:03`, `A ${two} 00:03 `]);
    const changed = await history.diffRecordsBetween(w.db, { stream, from: time(1), to: time(2) });
    assert.deepEqual(
      changed.map((row) => [row.external_id, row.change, String(row.old_payload), row.new_payload]),
      [["a", "deleted", "2", null]],
    );
  },
  "what cannot be known is refused, with what to do": async (w) => {
    const { fence, stream } = await makeRun(w);
    const at = (iso: string) => () => asOf(w, stream, iso);
    await w.refuses("SL005", /^no history of model "Contact" is kept$/, at(time(0)));
    await w.at(time(2));
    await w.q("update syncline.functions set history_models = '{Contact}'");
    await records.openStream(w.db, { ...fence, model: "Contact" });
    await w.refuses("SL005", /^the history of model "Contact" begins at 2026-03-01T00:02:00.000Z$/, at(time(1)));
    await w.refuses("SL004", /lies in the future$/, at(time(3)));
    await w.refuses("SL002", /^stream 0 does not exist any more$/, () => asOf(w, 0, time(2)));
    await w.at(time(3));
    await w.refuses("SL004", /^the first instant lies after the second$/, () =>
      history.diffRecordsBetween(w.db, { stream, from: time(3), to: time(2) }),
    );
    assert.deepEqual(await asOf(w, stream, time(2)), []);
  },
  "a model that no longer asks for it has no history, and a new one begins when it asks again": async (w) => {
    const { at, stream } = await keeping(w);
    await saveAll(w.db, at, { a: "1" });
    await saveAll(w.db, at, { a: "2" });
    await w.q("update syncline.functions set history_models = '{}'");
    await records.openStream(w.db, { ...at, model: "Contact" });
    await saveAll(w.db, at, { a: "3" });
    assert.equal(await versions(w, stream), 1, "no more are kept");
    await w.at(time(1));
    await w.q("update syncline.functions set history_models = '{Contact}'");
    await records.openStream(w.db, { ...at, model: "Contact" });
    await w.at(time(2));
    await saveAll(w.db, at, { a: "4" });
    assert.deepEqual(await asOf(w, stream, time(1)), ["a 3"]);
    assert.deepEqual(await history.brokenHistories(w.db, {}), [], "what is from before does not count");
    assert.equal(await w.one("select syncline.tidy_versions(10)"), false);
    assert.equal(await versions(w, stream), 1);
  },
  "a stream that two syncs write keeps its history while one of them asks for it": async (w) => {
    const { ids, stream } = await keeping(w);
    const other = await makeSync(w, { beside: ids, sameConnection: true });
    const fence = await startRun(w.db, other);
    await records.openStream(w.db, { ...fence, model: "Contact" });
    const since = () => w.one("select history_since from syncline.streams where id = $1", [stream]);
    assert.notEqual(await since(), null);
    await w.q("update syncline.syncs set deleted_at = syncline.now(), next_run_at = null where id = $1", [ids.sync]);
    await records.openStream(w.db, { ...fence, model: "Contact" });
    assert.equal(await since(), null);
  },
  "versions go after their retention, and the history then begins later": async (w) => {
    const { at, stream } = await keeping(w);
    await saveAll(w.db, at, { a: "1" });
    for (const text of ["2", "3", "4"]) {
      await w.forward("10 days");
      await saveAll(w.db, at, { a: text });
    }
    assert.equal(await w.one("select syncline.tidy_versions(10)"), false);
    assert.equal(await versions(w, stream), 3, "the oldest ended twenty days ago");
    await w.forward("15 days");
    assert.equal(await w.one("select syncline.tidy_versions(1)"), true, "more may wait");
    assert.equal(await w.one("select syncline.tidy_versions(1)"), false);
    assert.equal(await versions(w, stream), 2);
    assert.deepEqual(await asOf(w, stream, "2026-03-17T00:00:00Z"), ["a 2"]);
    await w.refuses("SL005", /begins at 2026-03-16T00:00:00/, () => asOf(w, stream, "2026-03-15T00:00:00Z"));
    await w.q("update syncline.settings set history_retention = null");
    await w.forward("9 years");
    assert.equal(await w.one("select syncline.tidy_versions(10)"), false);
    assert.equal(await versions(w, stream), 2);
  },
  "a gap, an overlap, a version without a record or without a stream is found": async (w) => {
    const { at, stream } = await keeping(w);
    for (const text of ["1", "2", "3"]) {
      await saveAll(w.db, at, { a: text });
      await w.forward("1 min");
    }
    assert.deepEqual(await runs.checkInvariants(w.db, {}), []);
    const law = "the versions of a record neither overlap nor leave gaps";
    const broken = async (sql: string, found: string[]) => {
      await w.q("savepoint law");
      await w.q(sql);
      assert.deepEqual([...new Set((await runs.checkInvariants(w.db, {})).map((row) => row.law))], found);
      await w.q("rollback to savepoint law");
    };
    const first = "where pos = (select min(pos) from syncline.record_versions)";
    await broken(`update syncline.record_versions set valid_to = valid_to - interval '1 s' ${first}`, [law]);
    await broken(`update syncline.record_versions set valid_to = valid_to + interval '1 s' ${first}`, [law]);
    await broken("delete from syncline.record_versions where pos = (select max(pos) from syncline.record_versions)", [
      law,
    ]);
    await broken("update syncline.record_versions set external_id = 'other'", [law]);
    await broken(`update syncline.record_versions set stream_id = ${stream + 1}`, ["every version has a stream"]);
  },
  "pruning a record forgets the payloads of its versions too, and a swept stream leaves none": async (w) => {
    const { at, stream } = await keeping(w);
    await saveAll(w.db, at, { a: "1", b: "1" });
    await w.at(time(1));
    await saveAll(w.db, at, { a: "2" });
    await w.q("select syncline.prune_stream($1, 10, 10)", [stream]);
    assert.deepEqual(await asOf(w, stream, time(0)), ["a null", "b null"]);
    await w.q("update syncline.streams set retired_at = syncline.now() where id = $1", [stream]);
    while (await w.one("select syncline.sweep_streams(1)"));
    assert.equal(await versions(w, stream), 0);
  },
  "a merge, a refresh that deletes and a save under another strategy keep what they end, and nothing else": async (
    w,
  ) => {
    const { ids, at, stream } = await keeping(w);
    await saveAll(w.db, at, { a: "1", b: "1", c: "1" });
    await w.at(time(1));
    const [a] = await records.getRecords(w.db, { stream, ids: ["a"] });
    const merge = { ...at, ...contents({ a: "2", b: "2" }), positions: [a!.pos, 99] };
    assert.equal(await records.replaceRecords(w.db, merge), "U!");
    await records.setMergingStrategy(w.db, { ...at, strategy: "ignore_if_modified_after" });
    await runs.finishRun(w.db, at);
    const next = { ...(await startRun(w.db, ids)), stream };
    await records.openRefresh(w.db, next);
    await saveAll(w.db, next, { a: "2" });
    await w.q("update syncline.syncs set delete_limit_share = null");
    const { refresh_id: refresh } = await records.endRefresh(w.db, next);
    await records.deleteMissing(w.db, { ...next, refresh });
    assert.equal(await versions(w, stream), 3, "a once, b and c deleted");
    assert.deepEqual(await asOf(w, stream, time(0)), ["a 1", "b 1", "c 1"]);
    assert.deepEqual(await asOf(w, stream, time(1)), ["a 2"]);
    assert.deepEqual(
      (await runs.checkInvariants(w.db, {})).map(({ law }) => law),
      [],
    );
  },
});
