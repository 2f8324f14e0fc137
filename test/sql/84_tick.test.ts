// 84_tick.sql: the heartbeat of the installation.
import assert from "node:assert/strict";
import { ringDeliveries } from "../../src/db/outbox.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, makeRun, makeSync, sqlTests, type World } from "../helpers/world.ts";

const jobs = (w: World, task: string) =>
  w.one("select count(*) from graphile_worker.jobs where task_identifier = $1", [task]);
const hush = (w: World) => w.q("delete from graphile_worker._private_jobs");

sqlTests("84_tick", {
  "one tick does all that time asks for": async (w) => {
    const lost = await makeRun(w);
    const poisoned = await makeRun(w);
    await w.q("update syncline.runs set attempt = 5 where id = $1", [poisoned.fence.run]);
    await w.forward("21 s");
    await makeSync(w, { nextRunAt: "2026-03-01T00:00:00Z" });
    const waiting = await makeSync(w);
    await runs.createRun(w.db, { sync: waiting.sync, origin: "trigger", emptyCache: false });
    await w.q("update syncline.runs set rung_at = rung_at - interval '6 s' where sync_id = $1", [waiting.sync]);
    await hush(w);
    const ticked = await runs.tick(w.db, { limit: 100 });
    assert.deepEqual(ticked, { dispatched: 1, requeued: 1, buried: 1, rung: 3, delivering: true });
    assert.deepEqual([await jobs(w, "run"), await jobs(w, "deliver")], [5, 1]);
    const states = await w.q("select state from syncline.runs where id = any ($1) order by id", [
      [lost.fence.run, poisoned.fence.run],
    ]);
    assert.deepEqual(states, [{ state: "ready" }, { state: "failed" }]);
    const again = await runs.tick(w.db, { limit: 100 });
    assert.deepEqual(again, { dispatched: 0, requeued: 0, buried: 0, rung: 0, delivering: true });
  },
  "an idle tick rings for nothing": async (w) => {
    await hush(w);
    const idle = { dispatched: 0, requeued: 0, buried: 0, rung: 0, delivering: false };
    assert.deepEqual(await runs.tick(w.db, { limit: 100 }), idle);
    assert.equal(await w.one("select count(*) from graphile_worker.jobs"), 0);
  },
  "a doorbell that was lost is rung again after 5 s, and not each second": async (w) => {
    const ids = await makeSync(w);
    await runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: false });
    await hush(w);
    const rung = async (seconds: number) => {
      await w.forward(`${seconds} s`);
      return (await runs.tick(w.db, { limit: 1 })).rung;
    };
    assert.deepEqual([await rung(0), await rung(5), await rung(1), await rung(1), await rung(5)], [0, 0, 1, 0, 1]);
    await claim(w.db);
    assert.equal(await rung(20), 0);
  },
  "a run that waits for its time is rung when it has come": async (w) => {
    const { fence } = await makeRun(w);
    await w.q("update syncline.runs set attempt = 3 where id = $1", [fence.run]);
    await runs.requeueExpired(w.db, { nobodyLives: true });
    await w.forward("7 s");
    assert.equal((await runs.tick(w.db, { limit: 1 })).rung, 0);
    await w.forward("1 s");
    assert.equal((await runs.tick(w.db, { limit: 1 })).rung, 1);
  },
  "due webhooks are one job, however many they are": async (w) => {
    const ids = await makeSync(w);
    assert.equal(await ringDeliveries(w.db, {}), false);
    for (let n = 0; n < 3; n++) {
      await w.q("select syncline.enqueue_webhook($1, $2, null, 'sync', '{}')", [ids.environment, ids.connection]);
      assert.equal(await ringDeliveries(w.db, {}), true);
    }
    assert.equal(await jobs(w, "deliver"), 1);
    await w.q("update syncline.webhook_lanes set next_at = syncline.now() + interval '1 s'");
    assert.equal(await ringDeliveries(w.db, {}), false);
  },
  "a worker silent for three leases is forgotten and its jobs are free for others": async (w) => {
    const beat = (worker: string, pools: string[]) => runs.heartbeat(w.db, { worker, pools, runs: [], tokens: [] });
    await beat("dead", ["pool-dead-1", "pool-dead-2"]);
    await w.forward("30 s");
    await beat("alive", ["pool-alive"]);
    await hush(w);
    await w.q("select syncline.ring('run', 3)");
    const lock = (index: number, pool: string) =>
      w.q(
        `update graphile_worker._private_jobs set locked_at = clock_timestamp(), locked_by = $2
          where id = (select id from graphile_worker._private_jobs order by id offset $1 limit 1)`,
        [index, pool],
      );
    await lock(0, "pool-dead-1");
    await lock(1, "pool-dead-2");
    await lock(2, "pool-alive");
    assert.equal(await w.one("select syncline.bury_workers()"), 0);
    await w.forward("30 s");
    assert.equal(await w.one("select syncline.bury_workers()"), 0, "silent for exactly three leases");
    await w.forward("1 us");
    assert.equal(await w.one("select syncline.bury_workers()"), 2);
    assert.deepEqual(await w.q("select locked_by from graphile_worker._private_jobs order by id"), [
      { locked_by: null },
      { locked_by: null },
      { locked_by: "pool-alive" },
    ]);
    assert.deepEqual(await w.q("select id from syncline.workers"), [{ id: "alive" }]);
  },
});
