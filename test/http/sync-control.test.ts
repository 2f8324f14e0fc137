// /sync/*: trigger, start, pause, status, frequency, variants.
import assert from "node:assert/strict";
import { test } from "node:test";
import { of, PROD_KEY, syncFunction, type TestApi, testApi } from "./api.ts";

const start = async (api: TestApi, names = ["contacts"]) => {
  await api.integrate("crm");
  await api.deploy(names.map((name) => syncFunction("crm", name)));
  await api.connect("crm", "one");
};

const runAll = async (api: TestApi) => {
  const count = "select count(*) as n from syncline.runs where state = 'ready'";
  while (((await api.db.query(count))[0]?.n ?? 0) > 0) await api.finish(await api.claim());
};

const states = async (api: TestApi): Promise<string[]> =>
  (await api.db.query("select state from syncline.runs order by id")).map(({ state }) => state);

const post = (api: TestApi, verb: string, body: object, headers = {}) =>
  api.call("POST", `/sync/${verb}`, { body, headers });

const statusOf = async (api: TestApi, query = "syncs=*&connection_id=one") =>
  (await api.must("GET", `/sync/status?provider_config_key=crm&${query}`)).syncs;

test("a trigger makes one run, and while it is live no second one", async (t) => {
  const api = await testApi(t);
  await start(api);
  await runAll(api);
  const body = { syncs: ["contacts"], provider_config_key: "crm", connection_id: "one" };
  assert.deepEqual((await post(api, "trigger", body)).body, { success: true });
  assert.deepEqual((await post(api, "trigger", body)).body, { success: true });
  assert.deepEqual(await states(api), ["succeeded", "ready"]);
  await runAll(api);
  await post(api, "trigger", { syncs: [{ name: "contacts", variant: "base" }] }, of("crm", "one"));
  assert.deepEqual(await states(api), ["succeeded", "succeeded", "ready"]);
});

test("reset cancels the live run and starts from nothing, in all spellings", async (t) => {
  const api = await testApi(t);
  await start(api);
  const modes = [
    [{ opts: { reset: true } }, false],
    [{ sync_mode: "full_refresh" }, false],
    [{ full_resync: true }, false],
    [{ opts: { reset: true, emptyCache: true } }, true],
    [{ sync_mode: "full_refresh_and_clear_cache" }, true],
  ] as const;
  for (const [mode, empties] of modes) {
    await runAll(api);
    const scope = { syncs: ["contacts"], provider_config_key: "crm", connection_id: "one" };
    await post(api, "trigger", scope);
    await api.db.query(`insert into syncline.checkpoints (connection_id, kind, name, variant, value, run_id)
      select connection_id, 'sync', name, variant, '{"at": 1}', 1 from syncline.syncs`);
    assert.equal((await post(api, "trigger", { ...scope, ...mode })).status, 200);
    const [run] = await api.db.query("select state, empty_cache from syncline.runs order by id desc limit 1");
    assert.deepEqual(run, { state: "ready", empty_cache: empties });
    assert.equal(
      (await api.db.query("select state from syncline.runs order by id desc offset 1 limit 1"))[0]?.state,
      "cancelled",
    );
    const [status] = await statusOf(api);
    assert.deepEqual([status.checkpoint, status.type], [null, "INITIAL"]);
  }
});

test("opts with an older spelling, and commands for what is not there, are refused", async (t) => {
  const api = await testApi(t);
  await start(api);
  const refused: [string, object, number, string][] = [
    ["trigger", { syncs: [], provider_config_key: "crm", opts: {}, sync_mode: "incremental" }, 400, "invalid_body"],
    ["trigger", { syncs: [], provider_config_key: "crm", opts: {}, full_resync: false }, 400, "invalid_body"],
    ["trigger", { syncs: [] }, 400, "missing_provider_config_key"],
    ["trigger", { syncs: "contacts", provider_config_key: "crm" }, 400, "invalid_body"],
    ...["trigger", "start", "pause"].flatMap((verb): [string, object, number, string][] => [
      [verb, { syncs: [], provider_config_key: "no" }, 400, "unknown_provider_config"],
      [verb, { syncs: [], provider_config_key: "crm", connection_id: "no" }, 404, "unknown_connection"],
      [verb, { syncs: ["no"], provider_config_key: "crm", connection_id: "one" }, 400, "no_syncs_found"],
      [verb, { syncs: ["no"], provider_config_key: "crm" }, 400, "no_syncs_found"],
      [verb, { syncs: ["a b"], provider_config_key: "crm" }, 400, "invalid_body"],
    ]),
    ["start", { syncs: Array(257).fill("contacts"), provider_config_key: "crm" }, 400, "invalid_body"],
    ["pause", { syncs: [] }, 400, "invalid_body"],
  ];
  for (const [verb, body, status, code] of refused) {
    const answer = await post(api, verb, body);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], `${verb} ${JSON.stringify(body)}`);
  }
});

test("without a connection all connections are meant, and unknown names are passed over", async (t) => {
  const api = await testApi(t);
  await start(api, ["contacts", "deals"]);
  await api.connect("crm", "two");
  await runAll(api);
  await post(api, "trigger", { syncs: ["contacts", "no"], provider_config_key: "crm", connection_id: "" });
  assert.equal((await states(api)).filter((state) => state === "ready").length, 2);
  await post(api, "trigger", { syncs: [], provider_config_key: "crm" });
  assert.equal((await states(api)).filter((state) => state === "ready").length, 4);
});

test("pause cancels the run, a paused sync runs only when triggered, and start runs at once", async (t) => {
  const api = await testApi(t);
  await start(api);
  const scope = { syncs: ["contacts"], provider_config_key: "crm", connection_id: "one" };
  await api.claim();
  assert.equal((await statusOf(api))[0].status, "RUNNING");
  assert.deepEqual((await post(api, "pause", scope)).body, { success: true });
  assert.deepEqual(await states(api), ["cancelled"]);
  const [paused] = await statusOf(api);
  assert.deepEqual([paused.status, paused.nextScheduledSyncAt], ["PAUSED", null]);
  await post(api, "trigger", scope);
  assert.equal((await statusOf(api))[0].status, "RUNNING");
  assert.deepEqual((await post(api, "pause", scope)).body, { success: true });
  assert.deepEqual(await states(api), ["cancelled", "ready"]);
  await runAll(api);
  assert.deepEqual((await statusOf(api))[0].status, "PAUSED");
  await post(api, "start", scope);
  assert.deepEqual(await states(api), ["cancelled", "succeeded", "ready"]);
  await post(api, "start", scope);
  assert.deepEqual(await states(api), ["cancelled", "succeeded", "ready"]);
});

test("status tells what the last run did and what is there", async (t) => {
  const api = await testApi(t);
  await start(api);
  const lease = await api.claim();
  await api.save(lease, "Contact", [
    { id: "1", n: 1 },
    { id: "2", n: 1 },
  ]);
  const [running] = await statusOf(api);
  assert.deepEqual(running.latestResult, { Contact: { added: 2, updated: 0, deleted: 0 } });
  assert.deepEqual([running.status, running.type, running.finishedAt], ["RUNNING", "INITIAL", undefined]);
  await api.finish(lease);
  const [done] = await statusOf(api, "syncs=contacts,unknown");
  assert.deepEqual(Object.keys(done).sort(), [
    "checkpoint",
    "connection_id",
    "finishedAt",
    "frequency",
    "id",
    "latestExecutionStatus",
    "latestResult",
    "name",
    "nextScheduledSyncAt",
    "recordCount",
    "status",
    "type",
    "variant",
  ]);
  assert.deepEqual(
    [done.status, done.type, done.latestExecutionStatus, done.recordCount, done.frequency, done.connection_id],
    ["SUCCESS", "INCREMENTAL", "SUCCESS", { Contact: 2 }, "every hour", "one"],
  );
  assert.ok(Date.parse(done.finishedAt) > 0 && Date.parse(done.nextScheduledSyncAt) > Date.now());
  await post(api, "trigger", { syncs: [], provider_config_key: "crm" });
  await api.fail(await api.claim());
  const [failed] = await statusOf(api);
  assert.deepEqual(
    [failed.status, failed.latestExecutionStatus, failed.recordCount],
    ["ERROR", "ERROR", { Contact: 2 }],
  );
  assert.deepEqual(await statusOf(api, "syncs="), []);
  assert.equal((await statusOf(api, "syncs=*")).length, 1);
});

test("status refuses a missing list, and an unknown connection or integration", async (t) => {
  const api = await testApi(t);
  await start(api);
  const get = async (query: string) => {
    const { status, body } = await api.call("GET", `/sync/status?${query}`);
    return [status, body.error.code];
  };
  assert.deepEqual(await get("provider_config_key=crm"), [400, "invalid_query_params"]);
  assert.deepEqual(await get("provider_config_key=crm&syncs=*&connection_id=no"), [400, "invalid_body"]);
  assert.deepEqual(await get("provider_config_key=no&syncs=*"), [400, "unknown_provider_config"]);
});

test("a frequency of its own lasts until it is taken away", async (t) => {
  const api = await testApi(t);
  await start(api);
  await runAll(api);
  const scope = { sync_name: "contacts", provider_config_key: "crm", connection_id: "one" };
  const put = (body: object) => api.call("PUT", "/sync/update-connection-frequency", { body: { ...scope, ...body } });
  const answers: [string, string][] = [
    ["every hour", "1h"],
    ["every half hour", "30m"],
    ["every week", "1w"],
    ["every month", "30d"],
    ["every 5m", "5m"],
  ];
  for (const [frequency, normal] of answers) assert.deepEqual((await put({ frequency })).body, { frequency: normal });
  const [status] = await statusOf(api);
  assert.equal(status.frequency, "5m");
  assert.ok(Date.parse(status.nextScheduledSyncAt) <= Date.now() + 5 * 60_000);
  assert.deepEqual((await put({ frequency: null })).body, { frequency: "every hour" });
  assert.equal((await statusOf(api))[0].frequency, "every hour");
  const refused: [object, string][] = [
    [{ frequency: "every 5s" }, "invalid_body"],
    [{ frequency: "often" }, "invalid_body"],
    [{}, "invalid_body"],
    [{ frequency: "1h", sync_name: "no" }, "unknown_sync"],
    [{ frequency: "1h", sync_variant: "no" }, "unknown_sync"],
    [{ frequency: "1h", connection_id: "no" }, "unknown_connection"],
  ];
  for (const [body, code] of refused) {
    const answer = await put(body);
    assert.deepEqual([answer.status, answer.body.error.code], [400, code], JSON.stringify(body));
  }
});

test("a variant has its own run, records and end", async (t) => {
  const api = await testApi(t);
  await start(api);
  await runAll(api);
  const body = { provider_config_key: "crm", connection_id: "one" };
  const variant = (method: string, name: string, over = {}) =>
    api.call(method, `/sync/contacts/variant/${name}`, { body: { ...body, ...over } });
  const made = await variant("POST", "north");
  assert.deepEqual([made.status, made.body.name, made.body.variant], [200, "contacts", "north"]);
  const lease = await api.claim();
  assert.deepEqual([lease.variant, lease.sync_uid], ["north", made.body.id]);
  await api.save(lease, "Contact", [{ id: "1" }]);
  await api.finish(lease);
  const read = async (query: string) =>
    (await api.must("GET", `/records?model=Contact${query}`, { headers: of("crm", "one") })).records.length;
  assert.deepEqual([await read("&variant=north"), await read("")], [1, 0]);
  const counts = (await statusOf(api)).map((one: { variant: string; recordCount: object }) => [
    one.variant,
    one.recordCount,
  ]);
  assert.deepEqual(counts, [
    ["base", { Contact: 0 }],
    ["north", { Contact: 1 }],
  ]);
  assert.equal((await statusOf(api, "syncs=contacts::north"))[0].id, made.body.id);

  const codes = async (...answers: Promise<{ status: number; body: { error: { code: string } } }>[]) =>
    (await Promise.all(answers)).map(({ status, body: { error } }) => `${status} ${error.code}`);
  assert.deepEqual(
    await codes(
      variant("POST", "north"),
      variant("POST", "Base"),
      variant("POST", "x", { provider_config_key: "no" }),
      variant("POST", "x", { connection_id: "no" }),
      api.call("POST", "/sync/no/variant/x", { body }),
      variant("DELETE", "base"),
      variant("DELETE", "south"),
      variant("DELETE", "north", { connection_id: "no" }),
      variant("POST", "a%20b"),
    ),
    [
      "400 sync_variant_already_exists",
      "400 invalid_variant",
      "400 unknown_provider_config",
      "400 unknown_connection",
      "400 unknown_sync",
      "400 invalid_variant",
      "404 not_found",
      "400 unknown_connection",
      "400 invalid_uri_params",
    ],
  );
  assert.deepEqual((await variant("DELETE", "north")).body, { success: true });
  assert.equal((await statusOf(api)).length, 1);
  assert.equal(await read("&variant=north"), 0);
});

test("the other environment's key can't steer anything", async (t) => {
  const api = await testApi(t);
  await start(api);
  await runAll(api);
  const key = PROD_KEY;
  const before = await statusOf(api);
  const scope = { provider_config_key: "crm", connection_id: "one" };
  for (const verb of ["trigger", "start", "pause"]) {
    const answer = await api.call("POST", `/sync/${verb}`, { key, body: { syncs: [], ...scope } });
    assert.equal(answer.body.error.code, "unknown_provider_config");
  }
  const status = await api.call("GET", "/sync/status?syncs=*&provider_config_key=crm", { key });
  assert.equal(status.body.error.code, "unknown_provider_config");
  const frequency = { sync_name: "contacts", frequency: "5m", ...scope };
  assert.equal((await api.call("PUT", "/sync/update-connection-frequency", { key, body: frequency })).status, 400);
  assert.equal((await api.call("POST", "/sync/contacts/variant/x", { key, body: scope })).status, 400);
  assert.equal((await api.call("DELETE", "/sync/contacts/variant/x", { key, body: scope })).status, 400);
  assert.deepEqual(await statusOf(api), before);
});
