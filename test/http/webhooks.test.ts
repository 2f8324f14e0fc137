// The app's webhooks over the API: tests of the receiver, what was sent and why not, sending again, endpoints.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Nango } from "@nangohq/node";
import { createDeliveries } from "../../src/jobs/deliver-task.ts";
import { createLogger } from "../../src/log.ts";
import { createHttpClient } from "../../src/outbound/client.ts";
import { DEV_KEY, PROD_KEY, testApi } from "./api.ts";

type Got = { path: string; headers: Record<string, string>; text: string };

/** A receiver that answers each path with the status that `answers` says, 200 otherwise. */
const startReceiver = async (t: TestContext) => {
  const got: Got[] = [];
  const answers = new Map<string, number>();
  const server = createServer((req, res) => {
    let text = "";
    req.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
    req.on("end", () => {
      const path = req.url!.split("?")[0]!;
      got.push({ path, headers: req.headers as Record<string, string>, text });
      res.writeHead(answers.get(path) ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got, answers };
};

test("webhooks to the app", async (t) => {
  const api = await testApi(t);
  const { db, must, call } = api;
  const receiver = await startReceiver(t);
  const http = createHttpClient({ allowPrivateHosts: ["127.0.0.0/8"] });
  t.after(http.close);
  const log = createLogger("silent");
  const deliveries = createDeliveries({
    db: db.pool,
    keys: api.keys,
    http,
    logs: api.runs.logs,
    log,
    isStopping: () => false,
  });
  const deliver = async () => {
    await deliveries.task();
    await deliveries.stop();
  };
  const [good, bad] = [`${receiver.url}/good?token=hidden`, `${receiver.url}/bad`];
  const enqueue = async (lane: string | null, n: number): Promise<void> => {
    const text = "select syncline.enqueue_webhook($1, null, null, 'auth', $2, $3)";
    await db.query(text, [api.dev.id, { from: "nango", n }, lane]);
  };
  const list = async (query = "", key = DEV_KEY) => (await must("GET", `/webhooks${query}`, { key })).webhooks;
  await must("PATCH", "/environment/webhooks", { body: { primary_url: good, secondary_url: bad } });

  await t.test("a test goes to each URL now, signed, and says what each answered", async () => {
    receiver.answers.set("/bad", 503);
    const { data } = await must("POST", "/environment/webhooks/test");
    assert.deepEqual(
      data.map(({ url, status, error }: { url: string; status: number; error: string | null }) => [url, status, error]),
      [
        [good, 200, null],
        [bad, 503, null],
      ],
    );
    const { webhook_signing_key } = (await must("GET", "/environment/signing-key")).data;
    const nango = new Nango({ host: api.url, secretKey: DEV_KEY, webhookSigningKey: webhook_signing_key });
    for (const { text, headers } of receiver.got.splice(0)) {
      assert.equal(JSON.parse(text).type, "test");
      assert.ok(nango.verifyIncomingWebhookRequest(text, headers));
    }
    await must("PATCH", "/environment/webhooks", { body: { primary_url: "http://127.0.0.1:1/x" }, key: PROD_KEY });
    const [gone] = (await must("POST", "/environment/webhooks/test", { key: PROD_KEY })).data;
    assert.deepEqual([gone.status, gone.error], [null, "ECONNREFUSED"]);
    assert.deepEqual(await list(), [], "nothing of it is in the outbox");
  });

  await t.test("each is listed, newest first, page by page, and found by what is asked for", async () => {
    await enqueue("auth:1", 1);
    await enqueue("auth:1", 2);
    await deliver();
    const all = await list();
    assert.equal(all.length, 4);
    const pages: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await must("GET", `/webhooks?limit=3${cursor}`);
      pages.push(...page.webhooks.map(({ id }: { id: string }) => id));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    assert.deepEqual(
      pages,
      all.map(({ id }: { id: string }) => id),
    );
    assert.deepEqual(new Set((await list("?state=delivered")).map(({ url }: { url: string }) => url)), new Set([good]));
    assert.equal((await list(`?url=${encodeURIComponent(bad)}`)).length, 2);
    assert.equal((await list("?kind=sync")).length, 0);
    assert.equal((await list("?connection_id=nobody&provider_config_key=crm")).length, 0);
    assert.equal((await list("?from=2040-01-01T00:00:00Z")).length, 0);
    assert.equal((await list("?until=2040-01-01T00:00:00Z&from=2020-01-01T00:00:00Z")).length, 4);
    assert.deepEqual(await list("", PROD_KEY), []);
    for (const wrong of ["?state=lost", "?from=yesterday", "?cursor=x"])
      assert.equal((await call("GET", `/webhooks${wrong}`)).body.error.code, "invalid_query_params", wrong);
  });

  await t.test("one of them says what it holds, how its attempts went and why it waits", async () => {
    const [second, first] = await list(`?url=${encodeURIComponent(bad)}`);
    const { data } = await must("GET", `/webhooks/${first.id}`);
    assert.deepEqual(
      data.attempted.map(({ attempt, status }: { attempt: number; status: number }) => [attempt, status]),
      [[1, 503]],
    );
    assert.deepEqual([data.body.n, data.state, data.reasons[0].reason], [1, "pending", "trying again"]);
    assert.match(data.reasons[0].detail, /^in \d+ s; 1 of 8 attempts are made, the last: answer 503$/);
    const behind = (await must("GET", `/webhooks/${second.id}`)).data;
    assert.deepEqual([behind.attempted, behind.reasons[0].reason], [[], "an earlier one is first"]);
    const [delivered] = await list("?state=delivered");
    assert.equal((await must("GET", `/webhooks/${delivered.id}`)).data.reasons[0].reason, "delivered");
    for (const [id, key] of [
      [first.id, PROD_KEY],
      ["00000000-0000-4000-8000-000000000000", DEV_KEY],
    ]) {
      assert.equal((await call("GET", `/webhooks/${id}`, { key })).body.error.code, "not_found");
      assert.equal((await call("POST", `/webhooks/${id}/replay`, { key })).body.error.code, "not_found");
    }
  });

  await t.test(
    "the log says where to, how it went and what comes next, and nothing of the URL that may be secret",
    async () => {
      await api.runs.logs.flush();
      const { logs } = await must("GET", "/logs?kind=webhook");
      const [failed] = logs.filter(({ detail }: { detail: { state?: string } }) => detail.state === "pending");
      const { host, status, attempt } = failed.detail;
      assert.deepEqual([`http://${host}`, status, attempt], [receiver.url, 503, 1]);
      assert.doesNotMatch(JSON.stringify(logs), /hidden|token|\/good|\/bad/);
    },
  );

  await t.test("a replay sends the same webhook again, by its id", async () => {
    receiver.got.length = 0;
    const [delivered] = await list("?state=delivered");
    await must("POST", `/webhooks/${delivered.id}/replay`);
    await deliver();
    const [again] = receiver.got;
    assert.deepEqual([again?.path, again?.headers["webhook-id"]], ["/good", delivered.id]);
  });

  await t.test("many are sent again at once, counted first, and only the environment's own", async () => {
    const ask = (body: object, key = DEV_KEY) => call("POST", "/webhooks/replay", { body, key });
    const other = await ask({ state: "delivered", dry_run: true }, PROD_KEY);
    assert.deepEqual(other.body, { count: 0, dry_run: true });
    receiver.got.length = 0;
    assert.deepEqual((await ask({ url: good, state: "delivered", dry_run: true })).body, { count: 2, dry_run: true });
    assert.deepEqual((await ask({ url: good, state: "delivered" })).body, { count: 2, dry_run: false });
    assert.deepEqual((await ask({ state: "dead", from: "2020-01-01T00:00:00Z" })).body.count, 0);
    await deliver();
    assert.deepEqual(
      receiver.got.map(({ text }) => JSON.parse(text).n),
      [1, 2],
      "in their old order",
    );
    for (const wrong of [{}, { kind: "auth" }, { state: "pending" }, { state: "dead", connection_id: "one" }])
      assert.equal((await ask(wrong)).body.error.code, "invalid_body", JSON.stringify(wrong));
    const nobody = { state: "dead", connection_id: "nobody", provider_config_key: "crm" };
    assert.deepEqual((await ask(nobody)).body.error.errors[0].path, ["connection_id"]);
  });

  await t.test("endpoints say how they are doing", async () => {
    const { endpoints } = await must("GET", "/webhooks/endpoints");
    const shown = endpoints.map((one: { url: string; [field: string]: unknown }) => [
      one.url,
      one.status,
      ...[one.pending, one.retrying, one.dead, one.delivered, one.failures_in_a_row, one.last_status],
    ]);
    assert.deepEqual(
      new Set(shown),
      new Set([
        [bad, "retrying", 2, 1, 0, 0, 1, 503],
        [good, "ok", 0, 0, 0, 2, 0, 200],
      ]),
    );
    assert.ok(endpoints.every(({ p50_ms, p99_ms }: { p50_ms: number; p99_ms: number }) => p50_ms <= p99_ms));
    assert.deepEqual((await must("GET", "/webhooks/endpoints", { key: PROD_KEY })).endpoints, []);
  });

  await t.test("an endpoint is paused, resumed and tried; another environment's is not there", async () => {
    const { endpoints } = await must("GET", "/webhooks/endpoints");
    const { id } = endpoints.find(({ url }: { url: string }) => url === bad);
    const statusOf = async () => {
      const { endpoints } = await must("GET", "/webhooks/endpoints");
      return endpoints.find(({ url }: { url: string }) => url === bad).status;
    };
    for (const order of ["pause", "resume", "probe"]) {
      for (const [which, key] of [
        [id, PROD_KEY],
        [999_999, DEV_KEY],
      ])
        assert.equal((await call("POST", `/webhooks/endpoints/${which}/${order}`, { key })).status, 404, order);
    }
    const order = (name: string) => must("POST", `/webhooks/endpoints/${id}/${name}`);
    receiver.answers.clear();
    receiver.got.length = 0;
    await order("pause");
    await order("probe");
    await deliver();
    assert.deepEqual([await statusOf(), receiver.got], ["paused", []]);
    const waiting = (await list("?state=pending"))[0];
    assert.equal((await must("GET", `/webhooks/${waiting.id}`)).data.reasons[0].reason, "endpoint paused");
    await order("resume");
    await deliver();
    assert.deepEqual([await statusOf(), receiver.got.length], ["ok", 2]);
  });
});
