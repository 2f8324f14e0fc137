// POST /action/trigger: an action is run while its caller waits; or of many calls under one key one is run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../helpers/until.ts";
import { actionWorld } from "./action-world.ts";
import { of, PROD_KEY } from "./api.ts";

test("actions over HTTP", async (t) => {
  const api = await actionWorld(t);
  const { trigger, provider, db } = api;

  const answers = async (name: string, input: unknown, status: number, body: unknown, headers = {}) => {
    const answer = await trigger(name, input, headers);
    assert.deepEqual([answer.status, answer.body], [status, body], answer.text);
  };
  const refuses = async (name: string, input: unknown, status: number, error: object) => {
    const answer = await trigger(name, input);
    assert.equal(answer.status, status, answer.text);
    assert.partialDeepStrictEqual(answer.body.error, error);
    return answer.body.error;
  };

  await t.test("the answer is what the action returns, whatever JSON that is", async () => {
    await answers("twice", { n: 21 }, 200, { twice: 42 });
    for (const value of ["text", 0, false, null, [1, { a: null }], {}]) await answers("echo", value, 200, value);
    const { text } = await trigger("nothing");
    assert.equal(text, "null");
    await answers("get", "/things?a=1", 200, { url: "/things?a=1" });
  });

  await t.test("it costs two statements beside those of its function", async () => {
    await trigger("echo", 1);
    const sent: string[] = [];
    const query = db.pool.query.bind(db.pool);
    db.pool.query = ((...args: Parameters<typeof query>) => {
      sent.push(String((args[0] as unknown as { name: string }).name).split(" ")[0]!);
      return query(...args);
    }) as typeof db.pool.query;
    await trigger("echo", 1);
    await trigger("echo", 1, { "idempotency-key": "counted" });
    db.pool.query = query;
    // Beside these: what is sent at intervals, however many actions there are.
    const own = sent.filter((name) => !/append_logs|heartbeat|find_environment|ring_changes/.test(name));
    const keyed = ["find_connection", "ask_action", "lease_of_run", "finish_action"];
    assert.deepEqual(own, ["start_action", "finish_run", ...keyed]);
  });

  await t.test("an ActionError is 500 with what was thrown, a scalar or an array as its message", async () => {
    const code = "action_script_runtime_error";
    const thrown = { message: "no", field: "name" };
    await refuses("refuse", thrown, 500, { code, message: "no", payload: thrown });
    await refuses("refuse", "no", 500, { code, payload: { message: "no" } });
    await refuses("refuse", [1, 2], 500, { code, payload: { message: [1, 2] } });
  });

  await t.test(
    "a provider's refusal is 424 with its status, its body and its rate limit, and no other header",
    async () => {
      const answer = await trigger("get", "/teapot");
      const body = { short: "stout" };
      const headers = { "content-type": "application/json", "x-ratelimit-left": "3" };
      const upstream = { status: 418, headers, body };
      assert.deepEqual(
        [answer.status, answer.body],
        [424, { error: { code: "script_http_error", payload: body, upstream } }],
      );
    },
  );

  await t.test("what else may go wrong has its code", async () => {
    await refuses("fail", null, 500, { code: "script_internal_error", message: "broken" });
    await refuses("unreachable", null, 500, { code: "script_network_error" });
    await refuses("large", null, 400, { code: "script_output_too_large" });
    await refuses("missing", null, 404, { code: "not_found" });
    await refuses("outer", { name: "missing" }, 500, { code: "script_internal_error", payload: { code: "not_found" } });
    await db.query("update syncline.settings set action_timeout = '1 s'");
    const late = trigger("get", "/held");
    await provider.waiting(1);
    assert.equal((await late).body.error.code, "execution_timeout");
    await db.query("update syncline.settings set action_timeout = '15 min'");
    provider.release();
  });

  await t.test("a wrong input is refused, a wrong output where the environment wants it", async () => {
    await answers("twice", { n: 13 }, 200, { twice: "no" });
    const found = await refuses("twice", { n: "x" }, 400, { code: "invalid_action_input" });
    assert.deepEqual(found.payload.problems[0].path, "n");
    await api.must("PATCH", "/environment/validation", { body: { record_validation: "enforce" } });
    await refuses("twice", { n: 13 }, 400, { code: "invalid_action_output" });
    await api.must("PATCH", "/environment/validation", { body: { record_validation: "warn" } });
  });

  await t.test("the doors: headers, body, connection", async () => {
    const refused = async (headers: Record<string, string>, body: unknown, status: number, code: string) => {
      const answer = await api.call("POST", "/action/trigger", { headers, body });
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], answer.text);
    };
    const body = { action_name: "echo" };
    const one = of("crm", "one");
    await refused({}, body, 400, "invalid_headers");
    await refused({ ...one, "x-async": "yes" }, body, 400, "invalid_headers");
    await refused({ ...one, "x-max-retries": "1" }, body, 400, "invalid_headers");
    await refused({ ...one, "x-async": "true", "x-max-retries": "6" }, body, 400, "invalid_headers");
    await refused({ ...one, "idempotency-key": "k".repeat(256) }, body, 400, "invalid_headers");
    await refused(one, { ...body, more: 1 }, 400, "invalid_body");
    await refused(one, {}, 400, "invalid_body");
    const forms: Record<string, string>[] = [{}, { "x-async": "true" }, { "idempotency-key": "k" }];
    for (const extra of forms) {
      await refused({ ...of("crm", "nobody"), ...extra }, body, 400, "unknown_connection");
      await refused({ ...of("nothing", "one"), ...extra }, body, 400, "unknown_connection");
      await refused({ ...one, ...extra }, { action_name: "missing" }, 404, "not_found");
    }
  });

  await t.test("a caller that goes away ends the run", async () => {
    const away = new AbortController();
    const headers = { ...of("crm", "one"), authorization: "Bearer dev-key-0123456789abcdef" };
    const asked = fetch(`${api.url}/action/trigger`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ action_name: "get", input: "/held" }),
      signal: away.signal,
    });
    await provider.waiting(1);
    away.abort();
    await assert.rejects(asked);
    await until("the run is cancelled", async () => (await api.runsOf("r.state = 'cancelled'")).length === 1);
    provider.release();
  });

  const keyed = (key: string) => ({ "idempotency-key": key });
  const runsOf = async (name: string) => (await api.runsOf(`f.name = '${name}'`)).length;

  await t.test("calls under one key get the value of the first, and its failure, without another run", async () => {
    for (let n = 0; n < 2; n++) {
      await answers("count", null, 200, 0, keyed("a"));
      const failed = await trigger("get", "/teapot", keyed("b"));
      assert.deepEqual([failed.status, failed.body.error.upstream?.status], [424, 418], failed.text);
    }
    await answers("count", null, 200, 1, keyed("c"));
    await answers("echo", null, 200, null, keyed("a"));
    assert.equal(await runsOf("count"), 2);
    const other = await trigger("count", "other", keyed("a"));
    assert.deepEqual([other.status, other.body.error.code], [400, "idempotency_key_reused"]);
    const elsewhere = await trigger("count", null, keyed("a"), { key: PROD_KEY });
    assert.equal(elsewhere.body, 0, "another environment has keys of its own");
    assert.equal(await runsOf("count"), 3);
  });

  await t.test(
    "calls under one key at once wait for the one that runs, which goes on when its caller goes away",
    async () => {
      const away = new AbortController();
      const before = await runsOf("get");
      const first = fetch(`${api.url}/action/trigger`, {
        method: "POST",
        headers: {
          ...of("crm", "one"),
          ...keyed("d"),
          authorization: "Bearer dev-key-0123456789abcdef",
          "content-type": "application/json",
        },
        body: JSON.stringify({ action_name: "get", input: "/held" }),
        signal: away.signal,
      });
      await provider.waiting(1);
      const others = Array.from({ length: 5 }, () => trigger("get", "/held", keyed("d")));
      away.abort();
      await assert.rejects(first);
      provider.release();
      for (const other of await Promise.all(others))
        assert.deepEqual([other.status, other.body], [200, { held: true }]);
      await answers("get", "/held", 200, { held: true }, keyed("d"));
      assert.equal((await runsOf("get")) - before, 1);
    },
  );

  await t.test(
    "a key whose run is another process's is in progress, and has its failure when that process died",
    async () => {
      await answers("count", "x", 200, 3 - 1, keyed("e"));
      await db.query(
        `with gone as (update syncline.runs set state = 'running', worker = 'dead', lease_ends_at = now(), finished_at = null
                      where id = (select run_id from syncline.actions where idempotency_key = 'e') returning id)
       update syncline.actions set state = 'running', outcome_sealed = null, ended_at = null from gone where run_id = gone.id`,
      );
      const running = await trigger("count", "x", keyed("e"));
      assert.deepEqual([running.status, running.body.error.code], [409, "action_in_progress"], running.text);
      await db.query("select syncline.tick(10)");
      const dead = await trigger("count", "x", keyed("e"));
      assert.deepEqual([dead.status, dead.body.error.code], [500, "worker_lost"], dead.text);
    },
  );

  await t.test("what is kept is sealed", async () => {
    await answers("echo", "a very special text", 200, "a very special text", keyed("f"));
    const rows = await db.query(
      "select to_jsonb(a) || to_jsonb(r) as all from syncline.actions a left join syncline.runs r on r.id = a.run_id",
    );
    const texts = JSON.stringify(rows);
    const special = Buffer.from("a very special text");
    for (const form of [special.toString(), special.toString("hex")]) assert.ok(!texts.includes(form), form);
  });
});
