// 87_requeue.sql: what makes a run go again, and what is refused with what to do instead.
import assert from "node:assert/strict";
import * as runs from "../../src/db/runs.ts";
import { claim, makeFunction, makeRun, makeSync, sqlTests, startRun, type World } from "../helpers/world.ts";

const requeue = (w: World, run: number) => w.one("select syncline.requeue_run($1)", [run]);

const state = async (w: World, run: number) =>
  (
    await w.q("select state, attempt, priority, due_at <= syncline.now() as is_due from syncline.runs where id = $1", [
      run,
    ])
  )[0];

const bells = (w: World) => w.one("select count(*) from graphile_worker.jobs where task_identifier = 'run'");

const refused = (w: World, run: number, message: RegExp, hint: RegExp) =>
  w.refuses("SL005", message, async () => {
    await requeue(w, run).catch((error: { hint?: string }) => {
      assert.match(error.hint ?? "", hint);
      throw error;
    });
  });

const event = async (w: World) => {
  const ids = await makeSync(w);
  const fn = await makeFunction(w, ids, { kind: "on-event", name: "welcome", event: "post-connection-creation" });
  await w.q("select syncline.create_event_runs($1, 'post-connection-creation')", [ids.connection]);
  return { ids, fn, ...(await claim(w.db)) };
};

sqlTests("87_requeue", {
  "a failed run's sync runs again at once, a cancelled one's too, and its worker hears a bell": async (w) => {
    const { ids, fence } = await makeRun(w);
    await runs.failRun(w.db, { ...fence, error: { message: "x" } });
    const before = await bells(w);
    const second = await requeue(w, fence.run);
    assert.notEqual(second, fence.run);
    assert.equal((await bells(w)) - before, 1);
    assert.equal((await claim(w.db)).run, second);
    await runs.cancelRun(w.db, { run: second });
    assert.equal((await state(w, await requeue(w, second)))?.state, "ready");
    assert.equal(await w.one("select next_run_at from syncline.syncs where id = $1", [ids.sync]), null);
  },
  "a run that waits to be tried again waits no more, and is the first": async (w) => {
    const ids = await makeSync(w);
    const run = (await runs.createRun(w.db, { sync: ids.sync, origin: "schedule", emptyCache: false }))!;
    await w.q("update syncline.runs set due_at = syncline.now() + interval '5 min', attempt = 3 where id = $1", [run]);
    assert.equal(await requeue(w, run), run);
    assert.deepEqual(await state(w, run), { state: "ready", attempt: 0, priority: 0, is_due: true });
  },
  "a run of a dead worker goes back to be taken, though it was tried too often; the dead one can write nothing": async (
    w,
  ) => {
    const { fence } = await makeRun(w);
    await refused(w, fence.run, /^run \d+ is at work$/, /cancel_run\(\d+\)/);
    await w.q("update syncline.runs set attempt = 5 where id = $1", [fence.run]);
    await w.forward("21 s");
    assert.equal(await requeue(w, fence.run), fence.run);
    assert.deepEqual(await state(w, fence.run), { state: "ready", attempt: 0, priority: 0, is_due: true });
    await w.refuses("SL001", /^lease lost$/, () => runs.finishRun(w.db, fence));
  },
  "what ended before is requeued as the run that is live now": async (w) => {
    const { ids, fence } = await makeRun(w);
    await runs.failRun(w.db, { ...fence, error: { message: "x" } });
    const live = await startRun(w.db, ids);
    await refused(w, fence.run, new RegExp(`^run ${live.run} is at work$`), /cancel_run/);
    await w.forward("21 s");
    assert.equal(await requeue(w, fence.run), live.run);
  },
  "a run that succeeded, one of a deleted connection and one that never was are refused": async (w) => {
    const { fence, ids } = await makeRun(w);
    await runs.finishRun(w.db, fence);
    await refused(w, fence.run, /^run \d+ succeeded$/, new RegExp(`trigger_one\\(${ids.sync}\\)`));
    const other = await makeRun(w);
    await w.q("select syncline.retire_connection($1)", [other.ids.connection]);
    await refused(w, other.fence.run, /cannot be done again$/, /connection was deleted/);
    await w.refuses("SL002", /^no such run$/, () => requeue(w, 999_999));
  },
  "a failed event function runs again in a new run, and not once it is gone": async (w) => {
    const { run, token, ids } = await event(w);
    await runs.failRun(w.db, { run, token, error: { message: "x" } });
    const second = await requeue(w, run);
    assert.equal((await claim(w.db)).run, second);
    await w.forward("21 s");
    const third = await requeue(w, second);
    assert.equal((await state(w, second))?.state, "failed");
    assert.equal((await state(w, third))?.state, "ready");
    await w.q("update syncline.functions set is_active = false where integration_id = $1", [ids.integration]);
    await refused(w, run, /cannot be done again$/, /not deployed/);
  },
  "an asynchronous action has its next try now; another's caller has gone": async (w) => {
    const ids = await makeSync(w);
    await makeFunction(w, ids, { kind: "action", name: "act" });
    const ask = (uid: string, isAsync: boolean, key: string | null) =>
      w.q("select syncline.ask_action($1, $2, 'act', $3, $4, 3, $5, $6, 'w1')", [
        uid,
        ids.connection,
        isAsync,
        isAsync ? Buffer.from("in") : null,
        key,
        key === null ? null : Buffer.from("h"),
      ]);
    await ask("00000000-0000-0000-0000-000000000001", true, null);
    const [lease] = await w.q("select * from syncline.claim_action('w1')");
    await w.q('select syncline.fail_action($1, $2, \'{"message": "x"}\', null)', [lease!.id, lease!.token]);
    assert.equal(await requeue(w, lease!.id), null);
    const [again] = await w.q("select * from syncline.claim_action('w1')");
    assert.ok(again);
    await w.forward("21 s");
    assert.equal(await requeue(w, again.id), null);
    assert.equal((await w.q("select * from syncline.claim_action('w2')")).length, 1);
    const direct = await w.one("select id from syncline.start_run('w1', $1, 'action', 'act')", [ids.connection]);
    await w.forward("21 s");
    await refused(w, direct, /cannot be done again$/, /ask for this one again/);
  },
});
