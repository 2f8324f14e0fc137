// /deploy, /logs and /environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { appendLogs } from "../../src/db/logs.ts";
import { PROD_KEY, syncFunction, testApi } from "./api.ts";

test("a deployment says what it did to each function; a dry run says the same and does nothing", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const [a, b] = [syncFunction("crm", "contacts"), syncFunction("crm", "deals")];
  const changes = ({ functions }: { functions: { name: string; change: string }[] }) =>
    functions.map((f) => `${f.name} ${f.change}`);
  const dry = await api.must("POST", "/deploy", { body: { functions: [a, b], mode: "all", dry_run: true } });
  assert.deepEqual(changes(dry), ["contacts added", "deals added"]);
  const first = await api.deploy([a, b]);
  assert.deepEqual({ ...first, losses: [] }, dry, "nothing is lost by what is new");
  assert.deepEqual(Object.keys(first.functions[0]).sort(), ["change", "integration", "kind", "name"]);
  const changed = syncFunction("crm", "contacts", { version: "2.0.0" });
  assert.deepEqual(changes(await api.deploy([changed])), ["contacts updated", "deals removed"]);
  assert.deepEqual(changes(await api.deploy([changed])), ["contacts unchanged"]);
});

test("a wrong deployment is refused whole, with a sentence that names the culprit", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const refused = async (functions: object[], mode = "all") => {
    const { status, body } = await api.call("POST", "/deploy", { body: { functions, mode } });
    assert.deepEqual([status, body.error.code], [400, "invalid_body"]);
    return body.error.message;
  };
  assert.match(await refused([syncFunction("erp", "a")]), /no integration "erp"/);
  assert.match(await refused([syncFunction("crm", "a"), syncFunction("crm", "a")]), /twice/);
  assert.match(
    await refused([syncFunction("crm", "ok"), syncFunction("crm", "a", { frequency: "often" })]),
    /crm\/a.*often/,
  );
  await refused([{ ...syncFunction("crm", "a"), hash: "short" }]);
  await refused([], "some");
  assert.deepEqual(await api.db.query("select 1 from syncline.functions"), []);
});

test("a deployment touches only its own environment", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.deploy([syncFunction("crm", "contacts")]);
  await api.integrate("crm", { key: PROD_KEY, body: { provider: "acme", unique_key: "crm" } });
  assert.deepEqual((await api.deploy([], "all", { key: PROD_KEY })).functions, []);
  const [{ n } = {}] = await api.db.query("select count(*) as n from syncline.functions where is_active");
  assert.equal(n, 1);
});

test("logs are read by run, connection, kind, level and position, by their environment only", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const connection = (await api.connect("crm", "one")).id;
  await api.deploy([syncFunction("crm", "contacts")]);
  const lease = await api.claim();
  const row = { at: new Date().toISOString(), environment_id: api.dev.id, connection_id: connection, run_id: lease.id };
  await appendLogs(api.db.pool, {
    rows: [
      { ...row, kind: "run", level: "info", message: "started" },
      { ...row, kind: "message", level: "warn", message: "hm", detail: { a: 1 } },
      { ...row, run_id: null, kind: "change", level: "error", message: "other" },
    ],
  });
  const read = async (query = "", key?: string) =>
    (await api.must("GET", `/logs${query}`, key ? { key } : {})).logs.map((one: { message: string }) => one.message);
  assert.deepEqual(await read(), ["started", "hm", "other"]);
  assert.deepEqual(await read(`?run=${lease.id}`), ["started", "hm"]);
  assert.deepEqual(await read("?level=warn"), ["hm", "other"]);
  assert.deepEqual(await read(`?kind=message&connection=${connection}`), ["hm"]);
  assert.deepEqual(await read("?limit=1"), ["other"]);
  const [first] = (await api.must("GET", "/logs")).logs;
  assert.deepEqual(await read(`?after=${first.id}&limit=1`), ["hm"]);
  assert.deepEqual([first.connection_id, first.provider_config_key], ["one", "crm"]);
  for (const query of ["", `?run=${lease.id}`, `?connection=${connection}`]) {
    assert.deepEqual(await read(query, PROD_KEY), []);
  }
  assert.equal((await api.call("GET", "/logs?level=loud")).body.error.code, "invalid_query_params");
});

test("webhook settings change one by one; an empty URL turns a destination off", async (t) => {
  const api = await testApi(t);
  const { data: fresh } = await api.must("GET", "/environment/webhooks");
  assert.deepEqual([fresh.primary_url, fresh.on_sync_error], [null, true]);
  const body = {
    primary_url: "https://hooks.example/a",
    secondary_url: "http://hooks.example/b",
    on_sync_error: false,
  };
  const { data: changed } = await api.must("PATCH", "/environment/webhooks", { body });
  assert.deepEqual(changed, { ...fresh, ...body });
  const { data: off } = await api.must("PATCH", "/environment/webhooks", { body: { primary_url: "" } });
  assert.deepEqual(off, { ...changed, primary_url: null });
  assert.deepEqual((await api.must("GET", "/environment/webhooks", { key: PROD_KEY })).data, fresh);
  for (const wrong of [{ primary_url: "ftp://x" }, { on_sync_error: "yes" }, { other: 1 }]) {
    assert.equal((await api.call("PATCH", "/environment/webhooks", { body: wrong })).body.error.code, "invalid_body");
  }
});

test("each environment has a signing key of its own", async (t) => {
  const api = await testApi(t);
  const dev = (await api.must("GET", "/environment/signing-key")).data.webhook_signing_key;
  const prod = (await api.must("GET", "/environment/signing-key", { key: PROD_KEY })).data.webhook_signing_key;
  assert.ok(dev.length >= 32 && prod.length >= 32);
  assert.notEqual(dev, prod);
});

test("how records are validated is read and chosen by each environment for itself", async (t) => {
  const api = await testApi(t);
  const read = async (key?: string) => (await api.must("GET", "/environment/validation", key ? { key } : {})).data;
  assert.deepEqual(await read(), { record_validation: "warn" });
  const body = { record_validation: "enforce" };
  assert.deepEqual((await api.must("PATCH", "/environment/validation", { body })).data, body);
  assert.deepEqual([await read(), await read(PROD_KEY)], [body, { record_validation: "warn" }]);
  for (const wrong of [{ record_validation: "strict" }, {}, { ...body, other: 1 }]) {
    assert.equal((await api.call("PATCH", "/environment/validation", { body: wrong })).body.error.code, "invalid_body");
  }
});
