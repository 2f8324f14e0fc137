// 89_tidy.sql: what is too old goes, in short steps.
import assert from "node:assert/strict";
import { appendLogs, listLogs } from "../../src/db/logs.ts";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import {
  makeFunction,
  makeRun,
  makeSync,
  manyRows,
  saveAll,
  sqlTests,
  startRun,
  type World,
} from "../helpers/world.ts";

const partitions = async (w: World) =>
  (
    await w.q(
      `select c.relname, pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'syncline.logs'::regclass order by 1`,
    )
  ).map(({ relname }) => relname);

const write = (w: World, environment: number, at: string) =>
  appendLogs(w.db, { rows: [{ at, environment_id: environment, kind: "message", level: "info", message: at }] });

const NONE = { run: null, connection: null, kind: null, level: null, after: null, limit: 100 };
const logged = async (w: World, environment: number) =>
  (await listLogs(w.db, { ...NONE, environment })).map((row) => row.message);

const settled = async (w: World, rows: Record<string, string>) => {
  const { ids, fence, stream } = await makeRun(w);
  await saveAll(w.db, { ...fence, stream }, rows);
  await runs.finishRun(w.db, fence);
  return { ids, stream };
};

const payloads = (w: World, stream: number) =>
  w.one("select count(payload) from syncline.records where stream_id = $1", [stream]);

sqlTests("89_tidy", {
  "partitions exist two days ahead and go after their retention": async (w) => {
    const { ids } = await makeRun(w);
    await w.q("select syncline.tidy_logs()");
    assert.deepEqual(await partitions(w), ["logs_20260301", "logs_20260302", "logs_20260303", "logs_default"]);
    await write(w, ids.environment, "2026-03-01T23:59:59Z");
    await w.at("2026-03-16T23:59:59Z");
    assert.equal(await w.one("select syncline.tidy_logs()"), 0, "the whole of its last day is within the retention");
    assert.deepEqual(await logged(w, ids.environment), ["2026-03-01T23:59:59Z"]);
    await w.at("2026-03-17T00:00:00Z");
    assert.equal(await w.one("select syncline.tidy_logs()"), 1);
    assert.deepEqual(await logged(w, ids.environment), []);
    assert.equal(await w.one("select syncline.tidy_logs()"), 0);
  },
  "partitions of all days are the same, whatever the time zone of who tidies": async (w) => {
    await w.at("2026-03-01T20:00:00Z");
    const bounds = () =>
      w.q(
        "select bound from (select pg_get_expr(relpartbound, oid) as bound from pg_class where relname ~ '^logs_2') b order by 1",
      );
    await w.q("set local timezone = 'Asia/Tokyo'");
    await w.q("select syncline.tidy_logs()");
    await w.q("set local timezone = 'UTC'");
    await w.at("2026-03-02T20:00:00Z");
    await w.q("select syncline.tidy_logs()");
    await w.q("set local timezone = 'America/New_York'");
    await w.at("2026-03-03T03:00:00Z");
    await w.q("select syncline.tidy_logs()");
    assert.deepEqual(await partitions(w), [
      "logs_20260301",
      "logs_20260302",
      "logs_20260303",
      "logs_20260304",
      "logs_20260305",
      "logs_default",
    ]);
    await w.q("set local timezone = 'UTC'");
    assert.equal(
      (await bounds())[0]?.bound,
      "FOR VALUES FROM ('2026-03-01 00:00:00+00') TO ('2026-03-02 00:00:00+00')",
    );
  },
  "a row without a partition is kept in the default one until its day gets one": async (w) => {
    const { ids } = await makeRun(w);
    const days = ["2026-02-01T00:00:00Z", "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z", "2026-05-01T00:00:00Z"];
    for (const day of days) await write(w, ids.environment, day);
    assert.equal(await w.one("select syncline.tidy_logs()"), 0);
    assert.deepEqual(await partitions(w), ["logs_20260301", "logs_20260302", "logs_20260303", "logs_default"]);
    assert.deepEqual(await logged(w, ids.environment), days.slice(1), "past its retention it goes from there too");
    const left = () => w.one("select array_agg(message order by at) from syncline.logs_default");
    assert.deepEqual(await left(), days.slice(3));
    await w.at("2026-04-30T00:00:00Z");
    await w.q("select syncline.tidy_logs()");
    assert.equal(await left(), null);
    assert.deepEqual(await logged(w, ids.environment), days.slice(3));
  },
  "a retired stream is swept in steps, then it is gone": async (w) => {
    const { stream } = await settled(w, manyRows(25));
    const kept = await settled(w, manyRows(5));
    await w.q("update syncline.streams set retired_at = syncline.now() where id = $1", [stream]);
    const sweep = () => w.one("select syncline.sweep_streams(10)");
    const left = () => w.one("select count(*) from syncline.records where stream_id = $1", [stream]);
    assert.deepEqual([await sweep(), await left()], [true, 15]);
    assert.deepEqual([await sweep(), await left()], [true, 5]);
    assert.deepEqual([await sweep(), await left()], [true, 0]);
    assert.equal(await sweep(), false);
    assert.deepEqual(await w.q("select id from syncline.streams"), [{ id: kept.stream }]);
    assert.equal(await payloads(w, kept.stream), 5);
  },
  "payloads unchanged for 30 days are forgotten, oldest first, in steps": async (w) => {
    const { ids, stream } = await settled(w, manyRows(5));
    const other = await settled(w, manyRows(5));
    await w.forward("10 days");
    const later = await startRun(w.db, ids);
    await saveAll(w.db, { ...later, stream }, { r000001: "changed" });
    await runs.finishRun(w.db, later);
    await w.forward("20 days");
    const step = () => w.one("select syncline.prune_old_payloads(3)");
    assert.equal(await step(), false, "exactly 30 days old");
    await w.forward("1 s");
    const left = async () => [await payloads(w, stream), await payloads(w, other.stream)];
    assert.equal(await step(), true);
    assert.deepEqual(await left(), [2, 5], "three payloads a step in all");
    while (await step());
    assert.deepEqual(await left(), [1, 0]);
    await w.q("update syncline.settings set payload_prune_after = null");
    await w.forward("1 year");
    assert.equal(await step(), false);
    assert.deepEqual(await left(), [1, 0]);
  },
  "records of a connection expire when none of its syncs ran for 60 days, and not while one is started": async (w) => {
    const expire = () => w.one("select syncline.expire_records()");
    const { ids, stream } = await settled(w, manyRows(3));
    await w.forward("61 days");
    assert.equal(await expire(), 0, "a started sync");
    await w.q("update syncline.syncs set state = 'paused', next_run_at = null where id = $1", [ids.sync]);
    await w.q("update syncline.runs set finished_at = syncline.now() - interval '59 days' where sync_id = $1", [
      ids.sync,
    ]);
    assert.equal(await expire(), 0, "a run not long ago");
    await w.forward("2 days");
    await makeFunction(w, ids, { kind: "action", name: "send" });
    await runs.startRun(w.db, { worker: "api", connection: ids.connection, kind: "action", name: "send" });
    assert.equal(await expire(), 1, "an action is no sync");
    assert.equal(await expire(), 0);
    assert.notEqual(await w.one("select retired_at from syncline.streams where id = $1", [stream]), null);
    await w.q("update syncline.settings set records_expire_after = null");
    await w.q("update syncline.streams set retired_at = null");
    assert.equal(await expire(), 0);
  },
  "ended runs go after 31 days, but each sync's last, and those whose deletes wait for approval": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, manyRows(100));
    await records.openRefresh(w.db, { ...fence, stream });
    await records.endRefresh(w.db, { ...fence, stream });
    await runs.finishRun(w.db, fence);
    const braked = { ...(await startRun(w.db, ids)), stream };
    await records.openRefresh(w.db, braked);
    assert.equal((await records.endRefresh(w.db, braked)).verdict, "needs_approval");
    await runs.finishRun(w.db, braked);
    for (let n = 0; n < 2; n++) await runs.finishRun(w.db, await startRun(w.db, ids));
    const live = await makeRun(w);
    await w.forward("31 days");
    const tidy = () => w.one("select syncline.tidy_runs(1000)");
    assert.equal(await tidy(), 0);
    await w.forward("1 s");
    await tidy();
    const last = await w.one("select last_run_id from syncline.syncs where id = $1", [ids.sync]);
    assert.deepEqual(
      (await w.q("select id from syncline.runs order by id")).map(({ id }) => id),
      [braked.run, last, live.fence.run],
    );
    assert.deepEqual(await w.q("select run_id, state from syncline.refreshes"), [
      { run_id: braked.run, state: "needs_approval" },
    ]);
  },
  "sent and dead webhooks go after the same time, pending ones never, and a full step says so": async (w) => {
    const ids = await makeSync(w);
    for (let n = 0; n < 7; n++)
      await w.q("select syncline.enqueue_webhook($1, $2, null, 'sync', '{}')", [ids.environment, ids.connection]);
    await w.q(
      "update syncline.outbox set state = 'dead', lane_id = null, next_attempt_at = null, ended_at = syncline.now() where id < (select max(id) from syncline.outbox)",
    );
    await w.forward("31 days 1 second");
    const step = () => w.one("select syncline.tidy_runs(3)");
    assert.equal(await step(), 3, "no run, but a full step of webhooks");
    assert.equal(await step(), 3);
    assert.equal(await step(), 0);
    assert.deepEqual(await w.q("select state from syncline.outbox"), [{ state: "pending" }]);
  },
  "a deleted connection is purged when its records are swept and its time is over": async (w) => {
    const { ids, stream } = await settled(w, manyRows(3));
    const purge = () => w.one("select syncline.purge_connections(10)");
    await w.q("update syncline.connections set deleted_at = syncline.now() where id = $1", [ids.connection]);
    await w.forward("31 days 1 second");
    assert.equal(await purge(), 0, "its records are still there");
    await w.q("update syncline.streams set retired_at = syncline.now() where id = $1", [stream]);
    while (await w.one("select syncline.sweep_streams(1000)"));
    assert.equal(await purge(), 1);
    assert.equal(await w.one("select count(*) from syncline.runs"), 0);
    assert.equal(await purge(), 0);
  },
  "one round does it all and says whether more waits": async (w) => {
    const { stream } = await settled(w, manyRows(6000));
    assert.deepEqual(await runs.tidy(w.db, {}), { has_more: false });
    await w.q("update syncline.streams set retired_at = syncline.now() where id = $1", [stream]);
    assert.deepEqual(await runs.tidy(w.db, {}), { has_more: true });
    assert.deepEqual(await runs.tidy(w.db, {}), { has_more: true });
    assert.deepEqual(await runs.tidy(w.db, {}), { has_more: false });
    assert.equal(await w.one("select count(*) from syncline.records"), 0);
  },
});
