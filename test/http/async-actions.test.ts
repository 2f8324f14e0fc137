// X-Async: an action that a worker runs, its result picked up later; and actions in numbers beside syncs that hold all places.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../helpers/until.ts";
import { actionWorld } from "./action-world.ts";
import { PROD_KEY } from "./api.ts";

test("asynchronous actions", async (t) => {
  const api = await actionWorld(t);
  const { trigger, triggerAsync, result, ended, provider, db } = api;
  const states = (uids: string[]) =>
    db.query("select array_agg(state order by id) as are from syncline.actions where uid = any ($1)", [uids]);

  await t.test("what is asked for waits for a worker, and cannot be told from what does not exist", async () => {
    const answer = await trigger("echo", { a: [1] }, { "x-async": "true" });
    const { id, statusUrl } = answer.body;
    assert.deepEqual([answer.status, statusUrl, answer.headers.get("location")], [202, `/action/${id}`, statusUrl]);
    for (const uid of [id, "00000000-0000-4000-8000-000000000000"]) {
      const found = await result(uid);
      assert.deepEqual([found.status, found.body.error.code], [404, "not_found"]);
    }
    const malformed = await result("x");
    assert.deepEqual([malformed.status, malformed.body.error.code], [400, "invalid_uri_params"]);
    const kept = JSON.stringify(await db.query("select * from syncline.actions, graphile_worker._private_jobs"));
    assert.ok(!kept.includes('"a"') && !kept.includes(Buffer.from('"a"').toString("hex")));
    await api.work();
    assert.deepEqual((await ended(id)).body, { a: [1] });
    assert.equal((await result(id, { key: PROD_KEY })).status, 404, "it is another environment's");
  });

  await t.test("null and nothing are results", async () => {
    for (const [name, input] of [
      ["echo", null],
      ["nothing", undefined],
    ] as const) {
      const { status, text } = await ended(await triggerAsync(name, input));
      assert.deepEqual([status, text], [200, "null"]);
    }
  });

  await t.test("a failure is answered as if it had been waited for", async () => {
    for (const [name, input, status, code] of [
      ["get", "/teapot", 424, "script_http_error"],
      ["refuse", { message: "no" }, 500, "action_script_runtime_error"],
      ["fail", null, 500, "script_internal_error"],
    ] as const) {
      const later = await ended(await triggerAsync(name, input));
      const now = await trigger(name, input);
      assert.deepEqual([later.status, later.body.error.code], [status, code]);
      assert.deepEqual([later.status, later.body], [now.status, now.body]);
    }
  });

  await t.test("one that fails is tried again as often as was asked", async () => {
    const id = await triggerAsync("count", "once", { "x-max-retries": "2" });
    const retried = () =>
      db.query("select from syncline.actions where uid = $1 and state = 'waiting' and attempts = 1", [id]);
    await until("it waits for its second try", async () => (await retried()).length === 1);
    assert.equal((await result(id)).status, 404);
    await db.query("update syncline.actions set due_at = syncline.now() where uid = $1", [id]);
    assert.equal((await ended(id)).body, 1);
  });

  await t.test("they run one at a time in an environment, and at the same time in two", async () => {
    const [first, second] = [await triggerAsync("get", "/held"), await triggerAsync("get", "/held")];
    const other = await triggerAsync("get", "/held", {}, { key: PROD_KEY });
    await provider.waiting(2);
    assert.deepEqual(await states([first, second, other]), [{ are: ["running", "waiting", "running"] }]);
    provider.release();
    await provider.waiting(1);
    provider.release();
    assert.deepEqual((await ended(second)).body, { held: true });
  });

  await t.test("a key gives the action that was asked for before, asynchronous or not", async () => {
    const keyed = { "idempotency-key": "k" };
    const id = await triggerAsync("count", null, keyed);
    assert.equal(await triggerAsync("count", null, keyed), id);
    const { body } = await ended(id);
    assert.equal((await trigger("count", null, keyed)).body, body);
  });

  await t.test("the app hears of the end", async () => {
    await db.query("update syncline.environments set webhook_url_primary = 'http://127.0.0.1:1/hook'");
    const id = await triggerAsync("fail");
    await ended(id);
    const [sent] = await db.query("select body::text as text, body from syncline.outbox where kind = 'async_action'");
    const payload = { id, statusUrl: `/action/${id}` };
    const about = { connectionId: "one", providerConfigKey: "crm" };
    assert.deepEqual(sent?.body, { from: "nango", type: "async_action", ...about, payload });
  });

  await t.test("200 actions at once all get their own result, while syncs hold all places of syncs", async () => {
    await db.query("select syncline.create_run(id, 'trigger', false) from syncline.syncs");
    await provider.waiting(2);
    assert.equal((await api.runsOf("r.state = 'running' and r.kind = 'sync'")).length, 2);
    const asked = Array.from({ length: 200 }, (_, n) => trigger("twice", { n: 1000 + n }));
    const results = (await Promise.all(asked)).map(({ body }) => body.twice);
    assert.deepEqual(
      results,
      Array.from({ length: 200 }, (_, n) => 2000 + 2 * n),
    );
    const nested = Array.from({ length: 20 }, () => trigger("outer", { name: "nothing" }));
    assert.deepEqual(new Set((await Promise.all(nested)).map(({ text }) => text)), new Set(["null"]));
    assert.equal((await api.runsOf("r.state = 'running'")).length, 2, "the syncs still run");
    provider.release();
    await until("the syncs have ended", async () => (await api.runsOf("r.state = 'running'")).length === 0);
  });
});
