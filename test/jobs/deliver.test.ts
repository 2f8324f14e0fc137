// Webhooks over the wire: a worker sends them to an app that takes them, fails, hangs, asks for patience or hangs up.
// Each is verified as an app would: by the client's own function and by the library of standardwebhooks.com.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Nango } from "@nangohq/node";
import { Webhook } from "standardwebhooks";
import { sealInboxContent } from "../../src/crypto/inbox-content.ts";
import { signingKeyPlace } from "../../src/crypto/places.ts";
import { openJson } from "../../src/crypto/seal.ts";
import { type Engine, testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

type Heard = { path: string; headers: IncomingHttpHeaders; body: Buffer; n: number | undefined };

/** An app: what it heard, and how it answers by path. */
const startApp = async (t: TestContext) => {
  const heard: Heard[] = [];
  const ways = new Map<string, (response: ServerResponse, times: number) => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url!;
      const body = Buffer.concat(chunks);
      const n = /^\{"n":(\d+)\}$/.exec(body.toString())?.[1];
      heard.push({ path, headers: request.headers, body, n: n === undefined ? undefined : Number(n) });
      const way = ways.get(path);
      if (way === undefined) response.end("ok");
      else way(response, heard.filter((one) => one.path === path).length);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return { heard, ways, url, at: (path: string) => heard.filter((one) => one.path === path) };
};

const setUp = async (t: TestContext) => {
  const engine = await testEngine(t);
  const app = await startApp(t);
  const { db, keys, environment } = engine;
  const connection = await engine.connect("one");
  const [{ sealed }] = (await db.query("select signing_key_sealed as sealed from syncline.environments where id = $1", [
    environment,
  ])) as [{ sealed: Buffer }];
  const signingKey = openJson(await keys.ofEnvironment(environment), sealed, signingKeyPlace(environment)) as string;
  const toPath = (...paths: string[]) =>
    db.query("update syncline.environments set webhook_url_primary = $2, webhook_url_secondary = $3 where id = $1", [
      environment,
      app.url(paths[0]!),
      paths[1] === undefined ? null : app.url(paths[1]),
    ]);
  const enqueue = async (n: number, lane: string | null, kind = "sync") => {
    await db.query("select syncline.enqueue_webhook($1, $2, null, $3, $4, $5)", [
      environment,
      connection,
      kind,
      { n },
      lane,
    ]);
  };
  const ring = () => db.query("select syncline.ring_deliveries()");
  const pending = async (path: string) =>
    Number(
      (
        await db.query("select count(*) as n from syncline.outbox where state = 'pending' and url = $1", [
          app.url(path),
        ])
      )[0]!.n,
    );
  const verify = ({ headers, body }: Heard): void => {
    const client = new Nango({ apiKey: "k", host: "http://127.0.0.1:1", webhookSigningKey: signingKey } as never);
    assert.equal(client.verifyIncomingWebhookRequest(body.toString(), headers as never), true);
    const secret = `whsec_${Buffer.from(signingKey).toString("base64")}`;
    new Webhook(secret).verify(body.toString(), headers as Record<string, string>, { jsonParse: false });
    const legacy = createHash("sha256").update(signingKey).update(body).digest("hex");
    assert.equal(headers["x-nango-signature"], legacy);
    assert.throws(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>));
  };
  return { engine, app, toPath, enqueue, ring, pending, verify, signingKey, connection };
};

/** Move all waits to now: the clock of a worker that runs beside is everybody's. */
const passTime = async ({ db }: Engine): Promise<void> => {
  await db.query(
    "update syncline.webhook_endpoints set blocked_until = null, probe_at = case when circuit = 'open' then syncline.now() end",
  );
  await db.query("update syncline.webhook_lanes set next_at = syncline.now() where sending_until is null");
  await db.query("select syncline.ring_deliveries()");
};

test("what the outbox holds is sent, signed, in order, and each receiver is on its own", async (t) => {
  const { engine, app, toPath, enqueue, ring, pending, verify, connection } = await setUp(t);
  const { db, keys, environment } = engine;
  await engine.startWorker();

  await t.test(
    "a lane's webhooks arrive in order, and a failed one under the same id and bytes before the next",
    async () => {
      app.ways.set("/flaky", (response, times) => {
        response.statusCode = times === 1 ? 503 : 200;
        response.end();
      });
      await toPath("/flaky");
      for (let n = 1; n <= 20; n++) await enqueue(n, "stream:1");
      await ring();
      await until("it failed once", () => app.at("/flaky").length === 1);
      await until("the failure is written", async () => (await db.query("select from syncline.deliveries")).length > 0);
      await passTime(engine);
      await until("all have arrived", async () => (await pending("/flaky")) === 0);
      const heard = app.at("/flaky");
      assert.deepEqual(
        heard.map(({ n }) => n),
        [1, ...Array.from({ length: 20 }, (_, at) => at + 1)],
      );
      for (const one of heard) verify(one);
      assert.deepEqual(heard[1]!.headers["webhook-id"], heard[0]!.headers["webhook-id"]);
      assert.deepEqual(heard[1]!.body, heard[0]!.body);
      assert.equal(new Set(heard.map(({ headers }) => headers["webhook-id"])).size, 20);
    },
  );

  await t.test("one that hangs delays no other", async () => {
    const hanging: ServerResponse[] = [];
    app.ways.set("/hang", (response) => void hanging.push(response));
    await toPath("/hang", "/quick");
    for (let n = 1; n <= 30; n++) await enqueue(n, null);
    await ring();
    await until("the quick one has all", async () => (await pending("/quick")) === 0);
    assert.deepEqual([app.at("/quick").length, app.at("/hang").length], [30, 8], "as many as an endpoint may have");
    assert.equal(await pending("/hang"), 30);
    app.ways.delete("/hang");
    for (const response of hanging) response.end();
    await until("and then the slow one too", async () => (await pending("/hang")) === 0);
    assert.equal(app.at("/hang").length, 30);
  });

  await t.test(
    "429 blocks its endpoint for as long as it asks, one that hangs up is tried again, 4xx and 3xx are an end",
    async () => {
      app.ways.set("/busy", (response, times) => {
        if (times === 1) response.writeHead(429, { "retry-after": "3600" }).end();
        else response.end();
      });
      app.ways.set("/cut", (response, times) => (times === 1 ? response.socket!.destroy() : response.end()));
      app.ways.set("/moved", (response) => response.writeHead(307, { location: app.url("/elsewhere") }).end());
      app.ways.set("/gone", (response) => response.writeHead(410).end("x".repeat(100_000)));
      for (const path of ["/busy", "/cut", "/moved", "/gone"]) {
        await toPath(path);
        await enqueue(1, "stream:1");
      }
      await ring();
      const answers = () =>
        db.query(`select o.state, d.status, d.error, e.blocked_until - d.at as blocked
                  from syncline.outbox o join syncline.deliveries d on d.outbox_id = o.id
                  join syncline.webhook_endpoints e using (environment_id, url)
                 where o.url like any (array['%/busy', '%/cut', '%/moved', '%/gone'])
                 order by o.id`);
      await until("all have been tried", async () => (await answers()).length === 4);
      assert.deepEqual(
        (await answers()).map(({ state, status, error, blocked }) => [state, status, error, blocked]),
        [
          ["pending", 429, null, "01:00:00"],
          ["pending", null, "ECONNRESET", null],
          ["dead", 307, null, null],
          ["dead", 410, null, null],
        ],
      );
      await toPath("/busy");
      await enqueue(2, "stream:2");
      await ring();
      await until(
        "nothing can be taken",
        async () => (await db.query("select from syncline.list_due_endpoints()")).length === 0,
      );
      assert.equal(app.at("/busy").length, 1, "nothing else goes there meanwhile");
      await passTime(engine);
      await until("then they are taken", async () => (await pending("/busy")) + (await pending("/cut")) === 0);
      assert.equal(app.at("/elsewhere").length, 0);
    },
  );

  await t.test("a circuit opens after five failures in a row, is probed by one, and closes", async () => {
    let isDown = true;
    app.ways.set("/down", (response) => response.writeHead(isDown ? 500 : 200).end());
    await toPath("/down");
    await db.query("update syncline.settings set webhook_endpoint_concurrency = 1");
    for (let n = 1; n <= 12; n++) await enqueue(n, null);
    await ring();
    const endpoint = async () =>
      (
        await db.query(
          "select circuit, failed_probes, times_opened, last_status from syncline.webhook_endpoints where url = $1",
          [app.url("/down")],
        )
      )[0]!;
    await until("it is open", async () => (await endpoint()).circuit === "open");
    assert.equal(app.at("/down").length, 5);
    await passTime(engine);
    await until("it was probed", async () => (await endpoint()).failed_probes === 1);
    assert.equal(app.at("/down").length, 6);
    isDown = false;
    await passTime(engine);
    await until("all have arrived", async () => (await pending("/down")) === 0);
    const { circuit, failed_probes, times_opened, last_status } = await endpoint();
    assert.deepEqual([circuit, failed_probes, times_opened, last_status], ["closed", 0, 1, 200]);
    assert.equal(app.at("/down").length, 18);
    await db.query("update syncline.settings set webhook_endpoint_concurrency = default");
  });

  await t.test(
    "a provider's webhook is wrapped for its connection, and passed on as it came when it is nobody's",
    async () => {
      await toPath("/forward");
      const key = await keys.ofEnvironment(environment);
      const [{ id: integration }] = (await db.query("select id from syncline.integrations")) as [{ id: number }];
      const body = Buffer.from('{ "z": [{"id": 1}, {"id": 2}], "a": 1.50 }');
      const headers = {
        ...{ "content-type": "application/json; charset=utf-8", "x-acme-event": "contact", "user-agent": "acme" },
        ...{
          authorization: "secret",
          cookie: "a=b",
          "sec-fetch": "x",
          "webhook-id": "theirs",
          te: "trailers",
          test: "yes",
        },
      };
      const arrive = async (parts: object[]): Promise<number> => {
        const uid = (await db.query("select gen_random_uuid() as uid"))[0]!.uid;
        const sealed = sealInboxContent(key, uid, { method: "POST", url: "http://x/", query: {}, headers, body });
        const [row] = await db.query(
          `insert into syncline.inbox (uid, environment_id, integration_id, verdict, content_sealed, bytes, parts, state, handled_at, matched)
         values ($1, $2, $3, 'verified', $4, $5, $6, 'handled', syncline.now(), 1) returning id`,
          [uid, environment, integration, sealed, body.length, JSON.stringify(parts)],
        );
        return row!.id;
      };
      const part = (at: number) => ({ events: ["contact"], lookups: [], from: "body", at: ["z", at] });
      const envelope = { from: "acme", type: "forward", providerConfigKey: "acme", connectionId: "one" };
      const forward = (inbox: number, whose: number | null, wrap: object) =>
        db.query("select syncline.enqueue_webhook($1, $2, null, 'forward', $3, null, $4)", [
          environment,
          whose,
          wrap,
          inbox,
        ]);
      const mine = await arrive([part(0), part(1)]);
      await db.query("insert into syncline.inbox_matches values ($1, $2, '{1}')", [mine, connection]);
      await forward(mine, connection, envelope);
      await ring();
      await until("it has arrived", () => app.at("/forward").length === 1);
      const [wrapped] = app.at("/forward");
      verify(wrapped!);
      assert.equal(
        wrapped!.body.toString(),
        '{"connectionId":"one","from":"acme","payload":{"a":1.5,"z":[{"id":2}]},"providerConfigKey":"acme","type":"forward"}',
      );
      const nobodys = await arrive([]);
      await forward(nobodys, null, {});
      await ring();
      await until("that too", () => app.at("/forward").length === 2);
      const raw = app.at("/forward")[1]!;
      verify(raw);
      assert.deepEqual(raw.body, body);
      const { "x-acme-event": event, "content-type": type, authorization, cookie, test: other, te } = raw.headers;
      assert.deepEqual(
        [
          event,
          type,
          authorization,
          cookie,
          other,
          te,
          raw.headers["sec-fetch"],
          raw.headers["user-agent"]!.slice(0, 9),
        ],
        ["contact", "application/json; charset=utf-8", undefined, undefined, "yes", undefined, undefined, "syncline/"],
      );
      await db.query("update syncline.inbox set content_sealed = null where id = $1", [mine]);
      await forward(mine, connection, envelope);
      await ring();
      await until("what is not kept any more ends", async () => (await pending("/forward")) === 0);
      const [last] = await db.query(
        "select o.state, d.error from syncline.outbox o join syncline.deliveries d on d.outbox_id = o.id order by d.id desc limit 1",
      );
      assert.deepEqual([last!.state, last!.error], ["dead", "content_gone"]);
      assert.equal(app.at("/forward").length, 2);
    },
  );
});
