// 81_waiting.sql: why a sync does not run now.
import assert from "node:assert/strict";
import * as runs from "../../src/db/runs.ts";
import { makeRun, makeSync, sqlTests, startRun, type World } from "../helpers/world.ts";

const why = async (w: World, sync: number) => (await w.q("select * from syncline.why_waiting($1)", [sync])) as Reason[];
type Reason = { reason: string; detail: string; remedy: string | null };

const reasons = async (w: World, sync: number) => (await why(w, sync)).map((row) => row.reason);

const alive = (w: World, id = "w1") =>
  w.q(
    `insert into syncline.workers (id, pool_ids, heartbeat_at) values ($1, '{p}', syncline.now())
         on conflict (id) do update set heartbeat_at = syncline.now()`,
    [id],
  );

sqlTests("81_waiting", {
  "a sync at rest says when it is due, one that is due whether a worker is there": async (w) => {
    const { sync } = await makeSync(w, { nextRunAt: "2026-03-01T00:12:00Z" });
    assert.deepEqual(await why(w, sync), [
      { reason: "scheduled", detail: "due in 12 min (every 1h)", remedy: `Now: select syncline.trigger_one(${sync});` },
    ]);
    await w.forward("13 min");
    assert.equal((await why(w, sync))[0]?.detail, "due since 1 min; no worker is alive");
  },
  "a run that nobody takes says whether a worker is there, and how many are before it": async (w) => {
    const { sync } = await makeSync(w);
    await runs.createRun(w.db, { sync, origin: "schedule", emptyCache: false });
    const other = await makeSync(w);
    await runs.createRun(w.db, { sync: other.sync, origin: "trigger", emptyCache: false });
    await w.forward("90 s");
    assert.match((await why(w, sync))[0]!.detail, /^run \d+ is ready for 1 min, and no worker is alive$/);
    await alive(w);
    const [first, ...more] = await why(w, sync);
    assert.deepEqual([first?.reason, more], ["all places taken", []]);
    assert.match(first!.detail, /1 runs are ahead of it, 0 are at work, by 1 workers$/);
  },
  "a run at work says so, one whose worker is silent says for how long, and that its lease is over": async (w) => {
    const { ids } = await makeRun(w);
    await alive(w);
    assert.deepEqual(await reasons(w, ids.sync), ["running"]);
    await w.forward("12 s");
    assert.match((await why(w, ids.sync))[0]!.detail, /was last heard of 12 s ago; its lease ends in 8 s$/);
    await w.forward("1 min");
    const [first] = await why(w, ids.sync);
    assert.equal(first?.reason, "worker lost");
    assert.match(first!.detail, /its lease is over since 52 s$/);
    assert.equal(first?.remedy, "Start a worker: it takes the run over.");
    await alive(w, "w2");
    assert.match((await why(w, ids.sync))[0]!.remedy!, /requeue_run\(\d+\)/);
  },
  "a limit of the provider comes before the run that waits for it": async (w) => {
    const { ids } = await makeRun(w);
    await alive(w);
    await w.q("select syncline.learn_rate_limit('connection', $1, 'api.acme.test', '', 600000, 'refused', 0)", [
      ids.connection,
    ]);
    assert.deepEqual(await reasons(w, ids.sync), ["rate limit", "running"]);
    assert.match((await why(w, ids.sync))[0]!.detail, /^nothing is sent to api\.acme\.test for 10 min, until 00:10:00/);
  },
  "credentials that fail come first, with since when, why, and what to do": async (w) => {
    const { ids } = await makeRun(w);
    await alive(w);
    const fail = (isFinal: boolean) =>
      w.q(
        "select syncline.fail_renewal($1, (select c.token from syncline.claim_renewal($1, 1000, true, 'a') c), $2, $3)",
        [ids.connection, { type: "refresh_token_external_error", description: "the provider said no" }, isFinal],
      );
    await fail(false);
    await w.forward("10 min");
    await alive(w);
    const [first] = await why(w, ids.sync);
    assert.deepEqual(first, {
      reason: "credentials",
      detail: "API_KEY, failing for 10 min: the provider said no",
      remedy: `It is tried again by itself. At once: select syncline.retry_renewal(${ids.connection});`,
    });
    for (let day = 0; day < 3; day++) {
      await w.forward("1 day");
      await fail(true);
    }
    const [last] = await why(w, ids.sync);
    assert.equal(last?.detail, "API_KEY, failing for 3 d, given up: the provider said no");
    assert.match(last!.remedy!, /^Have the customer connect anew\. .*retry_renewal\(\d+\)/);
    await w.q("select syncline.retry_renewal($1)", [ids.connection]);
    assert.equal((await why(w, ids.sync))[0]?.remedy, "It is tried again within seconds.");
  },
  "failing says what with and when next, paused, stalled and parked deletes say what to do": async (w) => {
    const { ids, fence } = await makeRun(w);
    await runs.failRun(w.db, { ...fence, error: { message: "401 from acme" } });
    const [failing, scheduled] = await why(w, ids.sync);
    const { next } = (
      await w.q("select syncline.format_span(next_run_at - syncline.now()) as next from syncline.syncs")
    )[0] as {
      next: string;
    };
    assert.match(next, /^\d+ (s|min)$/);
    assert.equal(failing!.detail, `once: 401 from acme; next in ${next}`);
    assert.equal(failing?.remedy, `When it is mended: select syncline.requeue_run(${fence.run});`);
    assert.equal(scheduled?.reason, "scheduled");
    await w.q("update syncline.syncs set stalled_at = syncline.now() where id = $1", [ids.sync]);
    await w.q("select syncline.pause_one($1)", [ids.sync]);
    const stream = await w.one("select id from syncline.streams where connection_id = $1", [ids.connection]);
    await w.q(
      "insert into syncline.refreshes (stream_id, sync_id, run_id, token, start_pos, state, live, missing) values ($1, $2, $3, 1, 0, 'needs_approval', 10, 9)",
      [stream, ids.sync, fence.run],
    );
    assert.deepEqual(await reasons(w, ids.sync), ["paused", "stalled", "failing", "deletes wait for approval"]);
  },
  "a run of workers that were lost waits to be tried again; what is gone says so; what never was is refused": async (
    w,
  ) => {
    const { ids } = await makeRun(w);
    await w.q("update syncline.runs set attempt = 2");
    await w.forward("21 s");
    await runs.requeueExpired(w.db, { nobodyLives: false });
    assert.match((await why(w, ids.sync))[0]!.detail, /goes on in 4 s; 2 workers were lost with it$/);
    await w.q("select syncline.remove_function($1)", [ids.function]);
    assert.deepEqual(await reasons(w, ids.sync), ["function not deployed"]);
    await w.q("select syncline.retire_connection($1)", [ids.connection]);
    assert.deepEqual(await reasons(w, ids.sync), ["connection deleted"]);
    await w.refuses("SL002", /^no such sync$/, () => why(w, 999_999));
  },
  "every state of a sync has a reason": async (w) => {
    const { ids, fence } = await makeRun(w);
    await runs.finishRun(w.db, fence);
    const next = await startRun(w.db, ids);
    await runs.finishRun(w.db, next);
    assert.deepEqual(await reasons(w, ids.sync), ["scheduled"]);
    await w.q("update syncline.syncs set next_run_at = null");
    assert.deepEqual(await reasons(w, ids.sync), ["no tick"]);
  },
});
