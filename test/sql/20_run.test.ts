// 20_run.sql: who works on which run, and for how long.
import assert from "node:assert/strict";
import { saveCheckpoint } from "../../src/db/checkpoints.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, makeRun, makeSync, sqlTests, startRun, type World } from "../helpers/world.ts";

const STALE = /^lease lost$/;

const runRow = async (w: World, run: number) =>
  (
    await w.q(
      "select state, worker, token, attempt, lease_ends_at, due_at, priority, origin from syncline.runs where id = $1",
      [run],
    )
  )[0]!;

const jobs = (w: World) => w.one("select count(*) from graphile_worker.jobs where task_identifier = 'run'");

sqlTests("20_run", {
  "a created run is ready at once, ends the wait for the tick, and rings": async (w) => {
    const ids = await makeSync(w, { nextRunAt: "2026-03-01T01:00:00Z" });
    const run = await runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: false });
    const { state, attempt, token, origin } = await runRow(w, run!);
    assert.deepEqual({ state, attempt, token, origin }, { state: "ready", attempt: 0, token: 0, origin: "trigger" });
    assert.equal(await w.one("select next_run_at from syncline.syncs where id = $1", [ids.sync]), null);
    assert.equal(await jobs(w), 1);
  },
  "a sync has one live run at most, and a deleted sync none": async (w) => {
    const ids = await makeSync(w);
    const create = () => runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: false });
    assert.notEqual(await create(), null);
    assert.equal(await create(), null);
    await claim(w.db);
    assert.equal(await create(), null);
    const gone = await makeSync(w);
    await w.q("update syncline.syncs set deleted_at = syncline.now() where id = $1", [gone.sync]);
    assert.equal(await runs.createRun(w.db, { sync: gone.sync, origin: "trigger", emptyCache: false }), null);
  },
  "what a person asked for goes before continuations, and these before the schedule": async (w) => {
    const [scheduled, continued, triggered] = [await makeSync(w), await makeSync(w), await makeSync(w)];
    const make = (ids: { sync: number }, origin: string) =>
      runs.createRun(w.db, { sync: ids.sync, origin, emptyCache: false });
    const wanted = [
      await make(scheduled, "schedule"),
      await make(continued, "continuation"),
      await make(triggered, "trigger"),
    ];
    const got = [await claim(w.db), await claim(w.db), await claim(w.db)].map(({ run }) => run);
    assert.deepEqual(got, wanted.reverse());
  },
  "dispatch takes due syncs only, the longest waiting first, up to the limit": async (w) => {
    const at = (time: string | null) => makeSync(w, { nextRunAt: time });
    const [late, later, next] = [
      await at("2026-02-28T23:00:00Z"),
      await at("2026-02-28T22:00:00Z"),
      await at("2026-03-01T00:00:01Z"),
      await at(null),
    ];
    assert.equal(await runs.dispatchDue(w.db, { limit: 1 }), 1);
    const made = () => w.q("select sync_id, origin, priority, state from syncline.runs order by id");
    assert.deepEqual(await made(), [{ sync_id: later.sync, origin: "schedule", priority: 10, state: "ready" }]);
    assert.equal(await runs.dispatchDue(w.db, { limit: 10 }), 1);
    assert.equal((await made())[1]?.sync_id, late.sync);
    assert.equal(await runs.dispatchDue(w.db, { limit: 10 }), 0);
    const [third, first, second] = [
      await at("2026-02-03T00:00:00Z"),
      await at("2026-02-01T00:00:00Z"),
      await at("2026-02-02T00:00:00Z"),
    ];
    assert.equal(await runs.dispatchDue(w.db, { limit: 10 }), 3);
    const order = (await made()).slice(2).map((run) => run.sync_id);
    assert.deepEqual(order, [first.sync, second.sync, third.sync], "in one call too");
    await w.q("delete from syncline.runs where sync_id = any ($1)", [order]);
    await w.forward("1 s");
    assert.equal(await runs.dispatchDue(w.db, { limit: 10 }), 1, "due at the very moment of its tick");
    assert.equal((await made())[2]?.sync_id, next.sync);
  },
  "a claim says everything the worker needs and takes a lease of 20 s": async (w) => {
    const ids = await makeSync(w, { models: ["Contact", "Company"], variant: "eu", trackDeletes: true });
    const run = await runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: true });
    const lease = await runs.claimRun(w.db, { worker: "w1" });
    assert.equal(lease?.id, run);
    const {
      environment_id,
      connection_id,
      sync_id,
      sync_uid,
      function_id,
      models,
      variant,
      track_deletes,
      empty_cache,
    } = lease!;
    assert.deepEqual(
      { environment_id, connection_id, sync_id, sync_uid, function_id, models, variant, track_deletes, empty_cache },
      {
        environment_id: ids.environment,
        connection_id: ids.connection,
        sync_id: ids.sync,
        sync_uid: ids.uid,
        function_id: ids.function,
        models: ["Contact", "Company"],
        variant: "eu",
        track_deletes: true,
        empty_cache: true,
      },
    );
    assert.deepEqual([lease!.token, lease!.attempt, lease!.last_success_at], [1, 1, null]);
    const row = await runRow(w, run!);
    assert.deepEqual([row.state, row.worker, row.lease_ends_at], ["running", "w1", "2026-03-01T00:00:20.000000+00:00"]);
    assert.equal(await runs.claimRun(w.db, { worker: "w2" }), undefined);
  },
  "a run whose time has not come is not claimed": async (w) => {
    const ids = await makeSync(w);
    const run = await runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: false });
    await w.q("update syncline.runs set due_at = syncline.now() + interval '4 s' where id = $1", [run]);
    assert.equal(await runs.claimRun(w.db, { worker: "w" }), undefined);
    await w.forward("4 s");
    assert.equal((await runs.claimRun(w.db, { worker: "w" }))?.id, run);
  },
  "a function deployed while a run waited is the one it runs": async (w) => {
    const ids = await makeSync(w);
    const newer = await makeSync(w, { beside: ids });
    const run = await runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: false });
    await w.q("update syncline.syncs set function_id = $2 where id = $1", [ids.sync, newer.function]);
    const lease = await runs.claimRun(w.db, { worker: "w" });
    assert.deepEqual([lease?.id, lease?.function_id], [run, newer.function]);
  },
  "a heartbeat renews what the worker holds and names what it lost": async (w) => {
    const mine = await makeRun(w);
    const lost = await makeRun(w);
    await w.forward("15 s");
    await runs.cancelRun(w.db, { run: lost.fence.run });
    const beat = () =>
      runs.heartbeat(w.db, {
        worker: "w1",
        pools: ["p1"],
        runs: [mine.fence.run, lost.fence.run],
        tokens: [mine.fence.token, lost.fence.token],
      });
    assert.deepEqual(await beat(), [{ lost_run: lost.fence.run }]);
    assert.equal((await runRow(w, mine.fence.run)).lease_ends_at, "2026-03-01T00:00:35.000000+00:00");
    await w.forward("1 s");
    await beat();
    const workers = await w.q("select id, pool_ids, started_at, heartbeat_at from syncline.workers");
    assert.deepEqual(workers, [
      {
        id: "w1",
        pool_ids: ["p1"],
        started_at: "2026-03-01T00:00:15.000000+00:00",
        heartbeat_at: "2026-03-01T00:00:16.000000+00:00",
      },
    ]);
  },
  "a heartbeat with another's token renews nothing": async (w) => {
    const { fence } = await makeRun(w);
    await w.forward("5 s");
    const beat = { worker: "w2", pools: [], runs: [fence.run], tokens: [fence.token + 1] };
    assert.deepEqual(await runs.heartbeat(w.db, beat), [{ lost_run: fence.run }]);
    assert.equal((await runRow(w, fence.run)).lease_ends_at, "2026-03-01T00:00:20.000000+00:00");
  },
  "a worker without runs just says that it lives": async (w) => {
    assert.deepEqual(await runs.heartbeat(w.db, { worker: "idle", pools: [], runs: [], tokens: [] }), []);
    assert.equal(await w.one("select count(*) from syncline.workers"), 1);
  },
  "workers say that they live four times a lease": async (w) => {
    assert.equal(await runs.heartbeatInterval(w.db, {}), "00:00:05");
  },
  "a lease holds until its last moment and is gone after it": async (w) => {
    const { fence } = await makeRun(w);
    await w.forward("20 s");
    assert.equal(await runs.requeueExpired(w.db, { nobodyLives: false }), 0);
    await w.forward("1 us");
    assert.equal(await runs.requeueExpired(w.db, { nobodyLives: false }), 1);
    const second = await claim(w.db, "w2");
    assert.deepEqual(second, { run: fence.run, token: fence.token + 2 });
    await w.refuses("SL001", STALE, () => runs.finishRun(w.db, fence));
    await runs.finishRun(w.db, second);
  },
  "where nobody lives runs are taken over at once": async (w) => {
    const { fence } = await makeRun(w);
    assert.equal(await runs.requeueExpired(w.db, { nobodyLives: true }), 1);
    assert.equal((await claim(w.db)).run, fence.run);
  },
  "each further lost worker makes the next attempt wait longer": async (w) => {
    const { fence } = await makeRun(w);
    const waits: unknown[] = [];
    for (let attempt = 1; attempt <= 4; attempt++) {
      await runs.requeueExpired(w.db, { nobodyLives: true });
      waits.push(
        await w.one("select extract(epoch from due_at - syncline.now())::int from syncline.runs where id = $1", [
          fence.run,
        ]),
      );
      await w.forward("5 min");
      await claim(w.db);
    }
    assert.deepEqual(waits, [0, 4, 8, 16]);
    assert.equal(await runs.requeueExpired(w.db, { nobodyLives: true }), 0, "the fifth attempt was the last");
  },
  "a released run goes to the next worker and does not count as an attempt": async (w) => {
    const { fence } = await makeRun(w);
    await runs.releaseRun(w.db, fence);
    const row = await runRow(w, fence.run);
    assert.deepEqual([row.state, row.attempt, row.worker, row.lease_ends_at], ["ready", 0, null, null]);
    await w.refuses("SL001", STALE, () => runs.releaseRun(w.db, fence));
    const second = await runs.claimRun(w.db, { worker: "w2" });
    assert.deepEqual([second?.id, second?.attempt], [fence.run, 1]);
  },
  "the checkpoint a run started from stays that of its first attempt": async (w) => {
    const { ids, fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    await runs.finishRun(w.db, fence);
    const second = await startRun(w.db, ids);
    await saveCheckpoint(w.db, { ...second, value: { page: 2 } });
    const from = () => w.one("select checkpoint_from from syncline.runs where id = $1", [second.run]);
    assert.deepEqual(await from(), { page: 1 });
    await runs.requeueExpired(w.db, { nobodyLives: true });
    const again = await claim(w.db);
    assert.deepEqual(await from(), { page: 1 });
    await runs.releaseRun(w.db, again);
    await runs.requeueExpired(w.db, { nobodyLives: true });
    await claim(w.db);
    assert.deepEqual(await from(), { page: 1 });
    const released = await makeRun(w);
    await saveCheckpoint(w.db, { ...released.fence, value: { page: 7 } });
    await runs.releaseRun(w.db, released.fence);
    await claim(w.db);
    assert.equal(await w.one("select checkpoint_from from syncline.runs where id = $1", [released.fence.run]), null);
  },
  "a cancelled run sets the next tick, and its worker can write nothing more": async (w) => {
    const { ids, fence } = await makeRun(w);
    assert.equal(await runs.cancelRun(w.db, { run: fence.run }), true);
    assert.equal(await runs.cancelRun(w.db, { run: fence.run }), false);
    await w.refuses("SL001", STALE, () => saveCheckpoint(w.db, { ...fence, value: {} }));
    const [sync] = await w.q(
      "select last_run_id, next_run_at = syncline.next_tick(uid, frequency, syncline.now()) as is_next from syncline.syncs where id = $1",
      [ids.sync],
    );
    assert.deepEqual(sync, { last_run_id: fence.run, is_next: true });
  },
  "a ready run can be cancelled too, and a paused sync gets no tick from it": async (w) => {
    const ids = await makeSync(w, { state: "paused" });
    const run = await runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: false });
    assert.equal(await runs.cancelRun(w.db, { run }), true);
    assert.equal(await w.one("select next_run_at from syncline.syncs where id = $1", [ids.sync]), null);
    assert.equal(await runs.cancelRun(w.db, { run: 999_999_999 }), false);
  },
  "after failures in a row the next tick is at least 30 s, 1 min, 2 min and at most an hour away": async (w) => {
    const ids = await makeSync(w, { frequency: "15 s" });
    const waits: unknown[] = [];
    for (const failures of [0, 1, 2, 3, 4, 9, 50]) {
      await w.q("update syncline.syncs set consecutive_failures = $2 where id = $1", [ids.sync, failures]);
      await w.q("select syncline.schedule_next($1, null)", [ids.sync]);
      waits.push(
        await w.one(
          `select extract(epoch from next_run_at - syncline.now()) between w.s and w.s + 15
             from syncline.syncs, (select $2::int as s) w where id = $1`,
          [ids.sync, [0, 0, 30, 60, 120, 3600, 3600][waits.length]],
        ),
      );
    }
    assert.deepEqual(waits, Array(7).fill(true));
  },
});
