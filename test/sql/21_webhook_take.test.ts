// 21_webhook_take.sql and what becomes of calls: in which order they are made, and how they end.
import assert from "node:assert/strict";
import * as runs from "../../src/db/runs.ts";
import { claim, sqlTests } from "../helpers/world.ts";
import { accept, calls, fail, handle, lawful, listening, ready, take } from "./inbox.ts";

sqlTests("21_webhook_take", {
  "calls of a sync are made in order, one run at a time; a failed one holds up its own sync until it is done or given up":
    async (w) => {
      const ids = await listening(w);
      const other = await listening(w, { beside: ids, sameConnection: true });
      await accept(w, ids);
      await accept(w, ids);
      await handle(w);
      assert.deepEqual([await ready(w, ids), await ready(w, other)], [1, 1]);
      const first = await claim(w.db);
      const beside = await claim(w.db);
      assert.equal(await runs.claimRun(w.db, { worker: "w2" }), undefined);
      assert.deepEqual([await take(w, first), await take(w, first)], [1, 1]);
      assert.deepEqual(await calls(w, ids), ["running 1", "waiting 0"]);
      assert.equal(await take(w, beside), 1);
      await runs.finishRun(w.db, beside);
      const second = await claim(w.db);
      assert.equal(await take(w, second), 1);
      await runs.finishRun(w.db, second);
      assert.deepEqual(await calls(w, other), ["done 1", "done 1"]);
      await lawful(w);
      const told = () => w.one("select count(*)::int from syncline.outbox where body @> '{\"success\": false}'");
      for (const wait of ["5 s", "30 s"]) {
        const fence = wait === "5 s" ? first : await claim(w.db);
        if (wait !== "5 s") await take(w, fence);
        await fail(w, fence);
        assert.equal(await ready(w, ids), 0);
        await w.forward(wait);
        await w.forward("-1 s");
        await runs.tick(w.db, { limit: 9 });
        assert.equal(await ready(w, ids), 0);
        await w.forward("1 s");
        await runs.tick(w.db, { limit: 9 });
        assert.equal(await ready(w, ids), 1);
      }
      assert.equal(await told(), 0);
      const last = await claim(w.db);
      await take(w, last);
      assert.equal(await fail(w, last), 1);
      assert.equal(await told(), 1);
      assert.deepEqual(await calls(w, ids), ["failed 3", "waiting 0"]);
      const next = await claim(w.db);
      assert.equal(await take(w, next), 1);
      await runs.finishRun(w.db, next);
      assert.deepEqual(await calls(w, ids), ["failed 3", "done 1"]);
      assert.equal(await w.one("select syncline.requeue_run($1)", [last.run]), (await claim(w.db)).run);
      const requeued = () => w.one("select syncline.requeue_run($1)", [first.run]);
      await w.refuses("SL005", /cannot be done again/, requeued); // another run went on with its call
      await lawful(w);
    },
  "a webhook run leaves its sync's schedule alone, goes on while it is paused, and is announced as WEBHOOK": async (
    w,
  ) => {
    const ids = await listening(w, { state: "started", nextRunAt: "2026-03-01T00:10:00Z" });
    const look = () => w.one("select to_jsonb(s) - 'state' from syncline.syncs s where id = $1", [ids.sync]);
    const before = await look();
    for (let n = 0; n < 4; n++) await accept(w, ids);
    await handle(w);
    const good = await claim(w.db);
    await take(w, good);
    assert.equal(await runs.finishRun(w.db, good), 1);
    const said = await w.one("select body from syncline.outbox where run_id = $1", [good.run]);
    assert.partialDeepStrictEqual(said, { type: "sync", syncType: "WEBHOOK", success: true, model: "Contact" });
    await w.q("update syncline.environments set on_sync_completion_always = false where id = $1", [ids.environment]);
    const quiet = await claim(w.db);
    await take(w, quiet);
    assert.equal(await runs.finishRun(w.db, quiet), 0);
    const lost = await claim(w.db);
    await take(w, lost);
    await runs.cancelRun(w.db, lost);
    assert.deepEqual(await look(), before);
    await w.one("select syncline.pause_one($1)", [ids.sync]);
    const live = await claim(w.db);
    assert.deepEqual((await w.q("select interrupt_after, sync_type from syncline.runs where id = $1", [live.run]))[0], {
      interrupt_after: null,
      sync_type: "WEBHOOK",
    });
    assert.equal(await take(w, live), 1);
    const run = await w.one("select syncline.trigger_one($1)", [ids.sync]);
    assert.notEqual(run, null, "a webhook run is not in the way of a run of the sync");
    await w.refuses("SL005", /only runs of syncs have time slices/, () => runs.interruptRun(w.db, live));
    await runs.finishRun(w.db, live);
    assert.deepEqual(await calls(w, ids), ["done 1", "done 1", "failed 1", "done 1"]);
    assert.deepEqual(await w.one("select array_agg(reason) from syncline.why_waiting($1)", [ids.sync]), ["no worker"]);
  },
  "a batch takes what waits, in order, bounded in number and bytes; it is retried whole, and each alone at last":
    async (w) => {
      const ids = await listening(w, { batch: true });
      for (let n = 0; n < 130; n++) await accept(w, ids);
      await accept(w, ids, [{}], 3_999_900);
      await handle(w);
      await handle(w);
      const first = await claim(w.db);
      assert.equal(await take(w, first), 100);
      await accept(w, ids);
      await handle(w);
      await runs.finishRun(w.db, first);
      const second = await claim(w.db);
      assert.equal(await take(w, second), 30, "the large one would be too much");
      await fail(w, second);
      await w.forward("5 s");
      await runs.tick(w.db, { limit: 9 });
      const again = await claim(w.db);
      assert.equal(await take(w, again), 30);
      await fail(w, again);
      await w.forward("30 s");
      await runs.tick(w.db, { limit: 9 });
      for (let n = 0; n < 30; n++) {
        const alone = await claim(w.db);
        assert.equal(await take(w, alone), 1);
        if (n === 7) await fail(w, alone);
        else await runs.finishRun(w.db, alone);
      }
      const rest = await claim(w.db);
      assert.equal(await take(w, rest), 2);
      await runs.finishRun(w.db, rest);
      const ended = await w.q("select state, count(*)::int from syncline.webhook_calls group by 1 order by 1");
      assert.deepEqual(ended, [
        { state: "done", count: 131 },
        { state: "failed", count: 1 },
      ]);
      assert.equal(await ready(w, ids), 0);
    },
  "workers lost with a batch fail the call that did it, and no other; a lost worker's run gets the same calls": async (
    w,
  ) => {
    const ids = await listening(w, { batch: true });
    for (let n = 0; n < 3; n++) await accept(w, ids);
    await handle(w);
    const loseAll = async () => {
      const { run } = await claim(w.db);
      for (;;) {
        await take(w, { run, token: await w.one("select token from syncline.runs where id = $1", [run]) });
        await w.forward("10 min");
        await runs.tick(w.db, { limit: 9 });
        await w.forward("5 min");
        if ((await w.one("select state from syncline.runs where id = $1", [run])) === "failed") return;
        assert.equal((await claim(w.db)).run, run);
      }
    };
    await loseAll();
    assert.deepEqual(await calls(w, ids), ["waiting 2", "waiting 2", "waiting 2"]);
    await w.forward("30 s");
    await runs.tick(w.db, { limit: 9 });
    await loseAll();
    assert.deepEqual(await calls(w, ids), ["failed 3", "waiting 2", "waiting 2"]);
    for (let n = 0; n < 2; n++) {
      const fence = await claim(w.db);
      assert.equal(await take(w, fence), 1);
      await runs.finishRun(w.db, fence);
    }
    await lawful(w);
  },
  "what is owed ends with its sync, and to a function without a handler at the first attempt": async (w) => {
    const ids = await listening(w);
    for (let n = 0; n < 3; n++) await accept(w, ids);
    await handle(w);
    const fence = await claim(w.db);
    await take(w, fence);
    await w.q(
      'update syncline.functions set definition = \'{"webhook_subscriptions": ["*"], "has_on_webhook": false}\'',
    );
    await fail(w, fence);
    const live = await claim(w.db);
    await take(w, live);
    assert.deepEqual(await calls(w, ids), ["failed 1", "running 1", "waiting 0"]);
    await w.q("select syncline.retire_connection($1)", [ids.connection]);
    assert.deepEqual(await calls(w, ids), ["failed 1", "failed 1", "failed 0"]);
    const why = await w.one("select error ->> 'type' from syncline.webhook_calls order by id desc limit 1");
    assert.equal(why, "sync_deleted");
    await w.refuses("SL001", /lease lost/, () => runs.finishRun(w.db, live));
    await accept(w, ids);
    await handle(w);
    await runs.tick(w.db, { limit: 9 });
    assert.equal(await w.one("select count(*)::int from syncline.runs where state in ('ready', 'running')"), 0);
    await lawful(w);
  },
});
