// POST and GET /webhook/:environmentUuid/:providerConfigKey: what is taken, what is refused, what is kept.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { sealClearWebhookSecrets } from "../../src/crypto/clear-webhook-secrets.ts";
import { contentOf, ingressApi, SECRET, sendTo, signatureOf } from "./webhook-ingress-world.ts";

const FORGE = {
  display_name: "Forge",
  auth_mode: "API_KEY",
  proxy: { base_url: "http://127.0.0.1:9" },
};

const catalogueWith = async (t: TestContext, entries: object): Promise<string> => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "syncline-catalogue-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "providers.json");
  await writeFile(file, JSON.stringify(entries));
  return file;
};

test("a webhook is stored as it came, byte for byte, before it is answered", async (t) => {
  const api = await ingressApi(t, { access: { publicUrl: "https://sync.example/base/" } });
  const bodies = [
    '{ "type":"contact.updated",\n "n": 1.0 }',
    Buffer.from([0, 255, 254, 195, 40, 0]),
    "",
    '{"type":"nul \\u0000 and \\ud800"}',
    "x".repeat(3_000_000),
  ];
  for (const [n, body] of bodies.entries()) {
    const isJson = typeof body === "string" && body.startsWith("{");
    const headers = { "content-type": isJson ? "application/json" : "application/octet-stream" };
    const to = `${api.url}${api.path}?nangoConnectionId=one&other=%00`;
    const { status, text } = await api.send({ id: `d${n}`, body, headers, to });
    assert.deepEqual([status, text], [200, '{"status":"success"}'], `body ${n}`);
  }
  const rows = await api.rows();
  assert.deepEqual(
    rows.map((row) => [row.delivery_id, row.verdict, row.state, row.bytes]),
    bodies.map((body, n) => [`d${n}`, "verified", "waiting", Buffer.byteLength(body)]),
  );
  assert.deepEqual(rows[0]!.parts, [
    { events: ["contact.updated"], lookups: [{ by: "connectionId", value: "one" }], from: "body", at: [] },
  ]);
  for (const [n, body] of bodies.entries()) {
    const content = await contentOf(api, rows[n]!);
    assert.deepEqual(content.body, Buffer.from(body), `body ${n}`);
    assert.equal(content.url, `https://sync.example/base${api.path}?nangoConnectionId=one&other=%00`);
    assert.deepEqual(
      [content.method, content.query, content.headers["x-acme-delivery"]],
      ["POST", { nangoConnectionId: "one", other: "\0" }, `d${n}`],
    );
  }
  const [job] = await api.db.query(
    "select count(*)::int as count from graphile_worker.jobs where task_identifier = 'inbox'",
  );
  assert.equal(job!.count, 1, "the bell was rung once for all");
});

test("what is addressed wrongly, or cannot be taken, is refused with a code and not kept", async (t) => {
  const api = await ingressApi(t);
  await api.must("POST", "/integrations", { body: { provider: "private-api-bearer", unique_key: "silent" } });
  await api.integrate("gone");
  await api.must("DELETE", "/integrations/gone");
  const codeOf = async (method: string, path: string, options: object = {}) => {
    const { status, body } = await api.call(method, path, {
      key: null,
      body: method === "GET" ? undefined : "{}",
      ...options,
    });
    return `${status} ${body?.error?.code ?? ""}`;
  };
  const at = (uid: string, key: string) => `/webhook/${uid}/${key}`;
  assert.equal(await codeOf("POST", at(randomUUID(), "crm")), "404 unknown_environment");
  assert.equal(await codeOf("POST", at(api.uid, "none")), "404 unknown_provider_config");
  assert.equal(await codeOf("POST", at(api.uid, "gone")), "404 unknown_provider_config");
  assert.equal(await codeOf("POST", at("dev", "crm")), "400 invalid_uri_params");
  assert.equal(await codeOf("POST", at(api.uid, "a%00b")), "400 invalid_uri_params");
  assert.equal(await codeOf("POST", at(api.uid, "%ff")), "400 invalid_uri_params");
  assert.equal(await codeOf("POST", at(api.uid, "silent")), "204 ");
  assert.equal(await codeOf("GET", at(api.uid, "crm")), "405 method_not_allowed");
  assert.equal(await codeOf("PUT", at(api.uid, "crm")), "404 not_found");
  assert.equal((await sendTo(api.url + api.path, { method: "HEAD" })).status, 405);
  const body = gzipSync("{}");
  const packed = await api.send({ body, headers: { "content-encoding": "gzip" } });
  assert.deepEqual([packed.status, JSON.parse(packed.text).error.code], [415, "invalid_content_type"]);
  const large = await api.send({ body: Buffer.alloc(25 * 1024 * 1024 + 1) });
  assert.deepEqual([large.status, JSON.parse(large.text).error.code], [413, "request_too_large"]);
  await api.db.query("update syncline.environments set deleted_at = now() where uid = $1", [api.uid]);
  assert.equal(await codeOf("POST", api.path), "404 unknown_environment");
  assert.deepEqual(await api.rows(), []);
});

test("what does not verify is refused, kept for somebody to look at, and at most 60 times a minute; it keeps nothing out", async (t) => {
  const api = await ingressApi(t);
  const body = '{"type":"a","canary":"canary-body"}';
  const wrong = await api.call("POST", api.path, {
    key: null,
    body,
    headers: { "x-acme-signature": signatureOf(body, "x"), "x-acme-delivery": "1" },
  });
  assert.equal(wrong.status, 401);
  assert.deepEqual(Object.keys(wrong.body), ["error"]);
  assert.equal(typeof wrong.body.error, "string");
  const malformed = await api.call("POST", api.path, {
    key: null,
    body: "{",
    headers: { "x-acme-signature": signatureOf("{") },
  });
  assert.deepEqual([malformed.status, typeof malformed.body.error], [400, "string"]);
  const missing = await api.send({ id: "1", body, secret: null });
  assert.equal(missing.status, 401);
  assert.equal((await api.send({ id: "1", body })).status, 200);
  const kept = (reason: string | null) =>
    reason === null ? ["verified", "waiting", null] : ["refused", "refused", reason];
  assert.deepEqual(
    (await api.rows()).map((row) => [row.verdict, row.state, row.reason]),
    [kept("signature_mismatch"), kept("malformed_body"), kept("missing_signature"), kept(null)],
  );
  const [first] = await api.rows();
  assert.equal((await contentOf(api, first!)).body.toString(), body);

  const answers = await Promise.all(Array.from({ length: 100 }, () => api.send({ body, secret: "y" })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
  assert.equal((await api.rows()).filter(({ state }) => state === "refused").length, 60);
  await api.runs.logs.flush();
  const lines = await api.db.query("select level, message, detail from syncline.logs where kind = 'webhook'");
  assert.equal(lines.length, 60);
  assert.deepEqual(lines[0], {
    level: "warn",
    message: "a webhook of crm was refused: signature_mismatch",
    detail: { integration: "crm", reason: "signature_mismatch" },
  });
  const everywhere = JSON.stringify([
    lines,
    api.logged,
    await api.db.query("select row_to_json(x)::text as row from syncline.inbox x"),
  ]);
  assert.doesNotMatch(everywhere, /canary/);
});

test("what came before counts once: by the provider's id for good, without one for ten minutes", async (t) => {
  const api = await ingressApi(t);
  const one = { id: "1", body: '{"type":"a"}' };
  const again = await Promise.all([api.send(one), api.send(one), api.send(one)]);
  assert.deepEqual(
    again.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal((await api.send({ id: "1", body: '{"type":"a","retry":1}' })).status, 200);
  await api.runs.logs.flush();
  const [warned] = await api.db.query("select level, detail from syncline.logs where kind = 'webhook'");
  assert.deepEqual(warned, { level: "warn", detail: { integration: "crm", delivery: "1" } });

  const count = async () => (await api.rows()).map(({ duplicates }) => duplicates);
  const plain = { body: '{"type":"b"}' };
  await api.send(plain);
  await api.send(plain);
  await api.send({ body: '{"type":"c"}' });
  await api.send({ ...plain, headers: { "x-acme-timestamp": "2" } });
  assert.deepEqual(await count(), [3, 1, 0, 0]);
  await api.db.clock.forward("9 min");
  await api.send(plain);
  await api.db.clock.forward("61 s");
  await api.send(plain);
  await api.send(plain);
  await api.send(one);
  assert.deepEqual(await count(), [4, 2, 0, 0, 1]);
});

test("a secret counts from the next webhook on, is sealed, survives a rename, and goes with an empty text", async (t) => {
  const api = await ingressApi(t);
  const rests = async () =>
    JSON.stringify(
      await api.db.query("select custom, encode(webhook_secret_sealed, 'escape') from syncline.integrations"),
    );
  assert.doesNotMatch(await rests(), /canary/);
  const statusWith = async (secret: string | null, to = api.path) =>
    (await api.send({ id: randomUUID(), secret, to: api.url + to })).status;
  assert.deepEqual([await statusWith(SECRET), await statusWith("next")], [200, 401]);
  await api.must("PATCH", "/integrations/crm", { body: { custom: { webhookSecret: "next", other: "x" } } });
  assert.deepEqual([await statusWith(SECRET), await statusWith("next")], [401, 200]);
  await api.must("PATCH", "/integrations/crm", { body: { unique_key: "new", display_name: "New" } });
  const renamed = `/webhook/${api.uid}/new`;
  assert.deepEqual([await statusWith("next", renamed), await statusWith("next")], [200, 404]);
  assert.deepEqual(await api.db.query("select custom from syncline.integrations"), [{ custom: { other: "x" } }]);
  await api.must("PATCH", "/integrations/new", { body: { custom: { webhookSecret: "" } } });
  assert.equal(await statusWith(null, renamed), 200);
  const { verdict } = (await api.rows()).at(-1)!;
  assert.equal(verdict, "unverified");

  await api.db.query(`update syncline.integrations set custom = '{"webhookSecret": "old", "other": "x"}'`);
  assert.deepEqual([await statusWith("old", renamed), await statusWith("next", renamed)], [200, 401]);
  await sealClearWebhookSecrets({ db: api.db.pool, keys: api.keys });
  assert.deepEqual(await api.db.query("select custom from syncline.integrations"), [{ custom: { other: "x" } }]);
  assert.deepEqual([await statusWith("old", renamed), await statusWith("next", renamed)], [200, 401]);
});

test("an integration that is deleted takes nothing more, and one of the same name is judged by its own secret", async (t) => {
  const api = await ingressApi(t);
  const statusWith = async (secret: string) => (await api.send({ id: randomUUID(), secret })).status;
  assert.equal(await statusWith(SECRET), 200);
  await api.must("DELETE", "/integrations/crm");
  assert.equal(await statusWith(SECRET), 404);
  const body = { provider: "acme", unique_key: "crm", custom: { webhookSecret: "of the second" } };
  await api.must("POST", "/integrations", { body });
  assert.deepEqual([await statusWith("of the second"), await statusWith(SECRET)], [200, 401]);
  await api.must("DELETE", "/integrations/crm");
  await api.must("POST", "/integrations", { body });
  assert.equal(await statusWith("of the second"), 200);
  const found = await api.db.query(
    "select i.deleted_at is not null as is_deleted from syncline.inbox x join syncline.integrations i on i.id = x.integration_id where x.verdict = 'verified' order by x.id",
  );
  assert.deepEqual(
    found.map(({ is_deleted }) => is_deleted),
    [true, true, false],
  );
});

test("a webhook is stored without asking where it goes when that was asked within the last minute", async (t) => {
  const api = await ingressApi(t);
  const statusOf = async (id: string, secret = SECRET) => (await api.send({ id, secret })).status;
  assert.equal(await statusOf("first"), 200);
  await api.db.query("alter function syncline.find_webhook_targets rename to not_there");
  assert.deepEqual(
    [await statusOf("second"), await statusOf("third"), await statusOf("fourth", "wrong")],
    [200, 200, 500],
  );
});

test("a secret may stand in the metadata of the connection that a webhook is about", async (t) => {
  const api = await ingressApi(t, {
    catalogueFiles: [await catalogueWith(t, { forge: { ...FORGE, webhook: "gitlab" } })],
  });
  await api.must("POST", "/integrations", { body: { provider: "forge", unique_key: "forge" } });
  for (const name of ["one", "two"])
    await api.connect("forge", name, { metadata: { webhookSecret: `secret of ${name}` } });
  const statusOf = async (connection: string, token: string) => {
    const to = `${api.url}/webhook/${api.uid}/forge?nangoConnectionId=${connection}`;
    return (await api.send({ to, body: '{"n":1}', headers: { "x-gitlab-token": token, "webhook-uuid": randomUUID() } }))
      .status;
  };
  assert.deepEqual(
    [
      await statusOf("one", "secret of one"),
      await statusOf("one", "secret of two"),
      await statusOf("two", "secret of two"),
    ],
    [200, 401, 200],
  );
});
