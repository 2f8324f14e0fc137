// 82_finish.sql: how a run ends.
import assert from "node:assert/strict";
import { saveCheckpoint } from "../../src/db/checkpoints.ts";
import { openStream } from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, makeRun, saveAll, sqlTests, startRun, type World } from "../helpers/world.ts";

const ERROR = { type: "script_internal_error", message: "boom" };

const syncRow = async (w: World, sync: number) =>
  (
    await w.q(
      `select last_run_id, last_success_at, consecutive_failures, idle_interrupts, stalled_at, next_run_at,
              next_run_at = syncline.next_tick(uid, frequency, syncline.now()) as is_next from syncline.syncs where id = $1`,
      [sync],
    )
  )[0]!;

const stateOf = (w: World, run: number) => w.one("select state from syncline.runs where id = $1", [run]);
const bodies = async (w: World) => (await w.q("select body from syncline.outbox order by id")).map(({ body }) => body);

sqlTests("82_finish", {
  "a run that succeeded sets the sync's success, next tick and counters": async (w) => {
    const { ids, fence } = await makeRun(w);
    await w.q("update syncline.syncs set consecutive_failures = 3, idle_interrupts = 2, stalled_at = syncline.now()");
    await w.forward("90 s");
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    assert.equal(await runs.finishRun(w.db, fence), 1);
    const sync = await syncRow(w, ids.sync);
    assert.deepEqual(
      [
        sync.last_run_id,
        sync.last_success_at,
        sync.consecutive_failures,
        sync.idle_interrupts,
        sync.stalled_at,
        sync.is_next,
      ],
      [fence.run, "2026-03-01T00:00:00.000000+00:00", 0, 0, null, true],
    );
    const [run] = await w.q(
      "select worker, lease_ends_at, finished_at, checkpoint_to, error from syncline.runs where id = $1",
      [fence.run],
    );
    assert.deepEqual(run, {
      worker: null,
      lease_ends_at: null,
      finished_at: "2026-03-01T00:01:30.000000+00:00",
      checkpoint_to: { page: 1 },
      error: null,
    });
  },
  "a paused sync's run ends without a next tick": async (w) => {
    const { ids, fence } = await makeRun(w, { state: "paused" });
    await runs.finishRun(w.db, fence);
    assert.equal((await syncRow(w, ids.sync)).next_run_at, null);
  },
  "a success is announced once per model, with what each model's stream got": async (w) => {
    const { ids, fence, stream } = await makeRun(w, { models: ["Contact", "Company", "Deal"] });
    const company = await openStream(w.db, { ...fence, model: "Company" });
    await w.forward("1 min");
    await saveAll(w.db, { ...fence, stream }, { a: "1", b: "1" });
    await saveAll(w.db, { ...fence, stream: company }, {});
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    assert.equal(await runs.finishRun(w.db, fence), 3);
    const told = await bodies(w);
    const common = {
      from: "nango",
      type: "sync",
      connectionId: await w.one("select connection_id from syncline.connections where id = $1", [ids.connection]),
      providerConfigKey: await w.one("select unique_key from syncline.integrations where id = $1", [ids.integration]),
      syncName: await w.one("select name from syncline.syncs where id = $1", [ids.sync]),
      syncVariant: "base",
      syncType: "INITIAL",
      success: true,
      queryTimeStamp: "2026-03-01T00:00:00.000Z",
      modifiedAfter: "2026-03-01T00:00:00.000Z",
      checkpoints: { from: null, to: { page: 1 } },
    };
    const none = { added: 0, updated: 0, deleted: 0 };
    assert.deepEqual(told, [
      { ...common, model: "Contact", responseResults: { added: 2, updated: 0, deleted: 0 } },
      { ...common, model: "Company", responseResults: none },
      { ...common, model: "Deal", responseResults: none },
    ]);
    const second = await startRun(w.db, ids);
    await runs.finishRun(w.db, second);
    assert.deepEqual(
      (await bodies(w)).slice(3).map((body) => [body.syncType, body.responseResults]),
      Array(3).fill(["INCREMENTAL", none]),
    );
  },
  "with on_sync_completion_always off only changes are announced": async (w) => {
    const { ids, fence, stream } = await makeRun(w, { models: ["Contact", "Company"] });
    await w.q("update syncline.environments set on_sync_completion_always = false");
    await saveAll(w.db, { ...fence, stream }, { a: "1" });
    assert.equal(await runs.finishRun(w.db, fence), 1);
    assert.deepEqual(
      (await bodies(w)).map((body) => body.model),
      ["Contact"],
    );
    const quiet = await startRun(w.db, ids);
    await saveAll(w.db, { ...quiet, stream }, { a: "1" });
    assert.equal(await runs.finishRun(w.db, quiet), 0);
  },
  "what failed runs changed is announced by the next success, from its first change on": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, { a: "1", b: "1" });
    assert.equal(await runs.failRun(w.db, { ...fence, error: ERROR }), 1);
    await w.forward("1 h");
    const second = await startRun(w.db, ids);
    await saveAll(w.db, { ...second, stream }, { a: "2" });
    await runs.finishRun(w.db, second);
    const body = (await bodies(w)).at(-1);
    assert.deepEqual(body.responseResults, { added: 2, updated: 1, deleted: 0 });
    assert.deepEqual(
      [body.modifiedAfter, body.queryTimeStamp],
      ["2026-03-01T00:00:00.000Z", "2026-03-01T01:00:00.000Z"],
    );
  },
  "a failure says why, is counted, and leaves the last success alone": async (w) => {
    const { ids, fence } = await makeRun(w, { models: ["Contact", "Company"] });
    await runs.finishRun(w.db, fence);
    await w.q("delete from syncline.outbox");
    const run = await startRun(w.db, ids);
    await w.forward("1 min");
    assert.equal(await runs.failRun(w.db, { ...run, error: { ...ERROR, payload: { status: 500 } } }), 1);
    const [body] = await bodies(w);
    assert.deepEqual(
      [body.success, body.model, body.startedAt, body.failedAt],
      [false, "Contact,Company", "2026-03-01T00:00:00.000Z", "2026-03-01T00:01:00.000Z"],
    );
    assert.deepEqual(body.error, { type: "script_error", description: "boom", payload: { status: 500 } });
    const sync = await syncRow(w, ids.sync);
    assert.deepEqual(
      [sync.consecutive_failures, sync.last_success_at, sync.is_next],
      [1, "2026-03-01T00:00:00.000000+00:00", true],
    );
    assert.deepEqual(await w.one("select error from syncline.runs where id = $1", [run.run]), {
      ...ERROR,
      payload: { status: 500 },
    });
  },
  "with on_sync_error off a failure is silent": async (w) => {
    const { fence } = await makeRun(w);
    await w.q("update syncline.environments set on_sync_error = false");
    assert.equal(await runs.failRun(w.db, { ...fence, error: ERROR }), 0);
    assert.deepEqual(await bodies(w), []);
  },
  "a run that fails without a word fails all the same": async (w) => {
    for (const error of [{}, "text", null]) {
      const { fence } = await makeRun(w);
      await runs.failRun(w.db, { ...fence, error });
      assert.equal((await bodies(w)).at(-1).error.description, "unknown error");
    }
  },
  "webhooks go to the connection's own URL where it has one": async (w) => {
    const { ids, fence } = await makeRun(w);
    await w.q("update syncline.connections set webhook_url_override = 'https://own.example/x' where id = $1", [
      ids.connection,
    ]);
    await runs.finishRun(w.db, fence);
    assert.deepEqual(await w.q("select url, connection_id, run_id from syncline.outbox"), [
      { url: "https://own.example/x", connection_id: ids.connection, run_id: fence.run },
    ]);
  },
  "an interrupted run is followed at once by one that goes on": async (w) => {
    const { ids, fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    const next = await runs.interruptRun(w.db, fence);
    const [run] = await w.q("select state, origin, priority from syncline.runs where id = $1", [next]);
    assert.deepEqual(run, { state: "ready", origin: "continuation", priority: 5 });
    assert.deepEqual(
      [await stateOf(w, fence.run), (await syncRow(w, ids.sync)).last_run_id],
      ["interrupted", fence.run],
    );
    assert.deepEqual(await bodies(w), [], "not finished: nothing to announce");
  },
  "a sync interrupted three times without getting anywhere is stalled, and fails": async (w) => {
    const { ids, fence } = await makeRun(w);
    let at = fence;
    for (let slice = 1; slice <= 2; slice++) {
      assert.notEqual(await runs.interruptRun(w.db, at), null);
      at = await claim(w.db);
    }
    assert.equal(await runs.interruptRun(w.db, at), null);
    const sync = await syncRow(w, ids.sync);
    assert.deepEqual(
      [sync.stalled_at, sync.idle_interrupts, sync.consecutive_failures, sync.is_next],
      ["2026-03-01T00:00:00.000000+00:00", 0, 1, true],
    );
    const error = await w.one("select error from syncline.runs where id = $1", [at.run]);
    assert.deepEqual(error, {
      type: "stalled",
      message: "3 time slices in a row ended without a new checkpoint or a changed record",
    });
    assert.equal((await bodies(w))[0].success, false);
    await runs.finishRun(w.db, await startRun(w.db, ids));
    assert.equal((await syncRow(w, ids.sync)).stalled_at, null);
  },
  "a new checkpoint or a changed record is progress": async (w) => {
    const { fence, stream } = await makeRun(w);
    let at = fence;
    for (let slice = 1; slice <= 8; slice++) {
      if (slice % 2 === 0) await saveCheckpoint(w.db, { ...at, value: { slice } });
      if (slice % 4 === 1) await saveAll(w.db, { ...at, stream }, { a: String(slice) });
      assert.notEqual(await runs.interruptRun(w.db, at), null);
      at = await claim(w.db);
    }
  },
  "the same checkpoint saved again is no progress": async (w) => {
    const { fence } = await makeRun(w);
    await saveCheckpoint(w.db, { ...fence, value: { page: 1 } });
    await runs.interruptRun(w.db, fence);
    let at = await claim(w.db);
    for (let slice = 1; slice <= 3; slice++) {
      await saveCheckpoint(w.db, { ...at, value: { page: 1 } });
      const next = await runs.interruptRun(w.db, at);
      assert.equal(next === null, slice === 3);
      if (next !== null) at = await claim(w.db);
    }
  },
  "a run that kills its worker five times is buried with the reason": async (w) => {
    const { ids, fence } = await makeRun(w);
    for (let attempt = 2; attempt <= 5; attempt++) {
      await w.forward("10 min");
      assert.equal(await w.one("select syncline.bury_poisoned()"), 0);
      assert.equal(await runs.requeueExpired(w.db, { nobodyLives: false }), 1);
      await w.forward("10 min");
      assert.equal((await claim(w.db)).run, fence.run);
    }
    await w.forward("10 min");
    assert.equal(await runs.requeueExpired(w.db, { nobodyLives: false }), 0);
    assert.equal(await w.one("select syncline.bury_poisoned()"), 1);
    const [run] = await w.q("select state, attempt, error from syncline.runs where id = $1", [fence.run]);
    const error = { type: "worker_lost", message: "the worker was lost 5 times in a row while it ran this" };
    assert.deepEqual(run, { state: "failed", attempt: 5, error });
    assert.equal((await syncRow(w, ids.sync)).consecutive_failures, 1);
  },
});
