// The published client, unmodified, against a running server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { DEV_KEY, PROD_KEY, syncFunction, type TestApi, testApi } from "../http/api.ts";

const setUp = async (api: TestApi) => {
  const nango = new Nango({ host: `${api.url}/`, secretKey: DEV_KEY });
  await nango.createIntegration({ provider: "acme", unique_key: "crm" });
  await api.deploy([syncFunction("crm", "contacts")]);
  await api.connect("crm", "one", {
    tags: { team: "Red" },
    end_user: { id: "u1", email: "u@x.example", display_name: "Ada" },
  });
  return nango;
};

/** Some methods are typed as void but resolve to the whole answer. */
const answered = async (call: Promise<unknown>) => (await call) as { status: number; data: { success?: boolean } };

/** The status and code with which a call of the client fails. */
const failure = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (error) {
    const { response } = error as { response?: { status: number; data: { error: { code: string } } } };
    if (response === undefined) throw error;
    return `${response.status} ${response.data.error.code}`;
  }
  return "none";
};

test("integrations: create, list, get, update, delete", async (t) => {
  const api = await testApi(t);
  const nango = new Nango({ host: api.url, secretKey: DEV_KEY });
  const made = await nango.createIntegration({
    provider: "acme-oauth2",
    unique_key: "acme",
    credentials: { type: "OAUTH2", client_id: "i", client_secret: "s", scopes: "a" },
  });
  assert.equal(made.data.unique_key, "acme");
  assert.deepEqual(
    (await nango.listIntegrations()).configs.map((one) => one.unique_key),
    ["acme"],
  );
  const got = await nango.getIntegration({ uniqueKey: "acme" }, { include: ["webhook", "credentials"] });
  assert.equal(got.data.credentials?.type, "OAUTH2");
  assert.equal((await nango.updateIntegration({ uniqueKey: "acme" }, { display_name: "A" })).data.display_name, "A");
  assert.equal((await nango.deleteIntegration("acme")).status, 200);
  assert.equal(await failure(nango.getIntegration({ uniqueKey: "acme" })), "404 not_found");
  assert.ok((await nango.listProviders({ search: "acme" })).data.length >= 2);
  assert.equal((await nango.getProvider({ provider: "acme" })).data.auth_mode, "API_KEY");
});

test("connections: list in both ways, get, token, patch, delete", async (t) => {
  const api = await testApi(t);
  const nango = await setUp(api);
  const count = async (...args: unknown[]) =>
    (await (nango.listConnections as (...all: unknown[]) => ReturnType<typeof nango.listConnections>)(...args))
      .connections.length;
  assert.equal(await count(), 1);
  assert.equal(await count("one"), 1);
  assert.equal(await count(undefined, "ada"), 1);
  assert.equal(await count(undefined, undefined, { endUserId: "u1", limit: 10, page: 0 }), 1);
  assert.equal(await count(undefined, undefined, { endUserId: "u2" }), 0);
  assert.equal(await count({ connectionId: "one", integrationId: ["crm", "erp"], userId: "u1", limit: 5 }), 1);
  assert.equal(await count({ tags: { Team: "Red", email: "u@x.example", displayName: "Ada" } }), 1);
  assert.equal(await count({ tags: { team: "Blue" } }), 0);
  const connection = await nango.getConnection("crm", "one", true, true);
  assert.deepEqual(connection.credentials, { type: "API_KEY", apiKey: "key of one" });
  assert.deepEqual(await nango.getToken("crm", "one"), { type: "API_KEY", apiKey: "key of one" });
  assert.equal(connection.end_user?.id, "u1");
  const patched = await nango.patchConnection(
    { connectionId: "one", provider_config_key: "crm" },
    { tags: { a: "b" } },
  );
  assert.deepEqual(patched, { success: true });
  assert.equal((await nango.waitForConnection("crm", "u1")).connection_id, "one");
  assert.equal((await answered(nango.deleteConnection("crm", "one"))).data.success, true);
  assert.equal(await failure(nango.deleteConnection("crm", "one")), "400 unknown_connection");
  assert.equal(await failure(nango.getConnection("crm", "one")), "404 not_found");
  assert.equal(await failure(nango.getConnection("no", "one")), "400 unknown_provider_config");
});

test("an OAuth2 connection gives its access token and the raw token response", async (t) => {
  const api = await testApi(t);
  const nango = await setUp(api);
  await nango.createIntegration({ provider: "acme-oauth2", unique_key: "oauth" });
  const credentials = { type: "OAUTH2", access_token: "at", refresh_token: "rt" };
  await api.connect("oauth", "two", { credentials });
  assert.equal(await nango.getToken("oauth", "two"), "at");
  assert.deepEqual(await nango.getRawTokenResponse("oauth", "two"), { access_token: "at" });
});

test("metadata: set, update, get, of one connection and of many", async (t) => {
  const api = await testApi(t);
  const nango = await setUp(api);
  await api.connect("crm", "two");
  assert.equal((await nango.setMetadata("crm", "one", { a: 1, b: 1 })).status, 201);
  assert.equal((await nango.updateMetadata("crm", ["one", "two"], { b: 2 })).status, 200);
  assert.deepEqual(await nango.getMetadata("crm", "one"), { a: 1, b: 2 });
  assert.deepEqual(await nango.getMetadata("crm", "two"), { b: 2 });
  assert.equal(await failure(nango.setMetadata("crm", ["one", "no"], { c: 1 })), "404 unknown_connection");
});

test("records: every option of listRecords, and pruneRecords", async (t) => {
  const api = await testApi(t);
  const nango = await setUp(api);
  const lease = await api.claim();
  await api.save(
    lease,
    "Contact",
    Array.from({ length: 120 }, (_, n) => ({ id: `${n}`, n })),
  );
  await api.finish(lease);
  const scope = { providerConfigKey: "crm", connectionId: "one", model: "Contact" };
  const first = await nango.listRecords<{ n: number }>(scope);
  assert.deepEqual([first.records.length, first.records[0]?.n], [100, 0]);
  const rest = await nango.listRecords({ ...scope, cursor: first.next_cursor });
  assert.deepEqual([rest.records.length, rest.next_cursor], [20, null]);
  const ids = Array.from({ length: 100 }, (_, n) => `${n}`);
  assert.equal((await nango.listRecords({ ...scope, ids })).records.length, 100);
  assert.equal((await nango.listRecords({ ...scope, ids: ["7"] })).records[0]?.id, "7");
  assert.equal((await nango.listRecords({ ...scope, filter: "updated,deleted" as "updated" })).records.length, 0);
  assert.equal((await nango.listRecords({ ...scope, filter: "added", limit: 7 })).records.length, 7);
  const since = new Date(Date.now() - 3_600_000).toISOString();
  assert.equal(
    (await nango.listRecords({ ...scope, modifiedAfter: since, variant: "base", limit: 1000 })).records.length,
    120,
  );
  assert.equal((await nango.listRecords({ ...scope, delta: since, limit: 1000 })).records.length, 120);
  assert.equal(await failure(nango.listRecords({ ...scope, connectionId: "no" })), "400 unknown_connection");
  const untilCursor = first.records[49]?._nango_metadata.cursor as string;
  assert.deepEqual(await nango.pruneRecords({ ...scope, untilCursor, limit: 20 }), { count: 20, has_more: true });
  assert.deepEqual(await nango.pruneRecords({ ...scope, untilCursor }), { count: 30, has_more: false });
});

test("syncs: trigger in every spelling, pause, start, status, frequency, variants", async (t) => {
  const api = await testApi(t);
  const nango = await setUp(api);
  const status = async () => (await nango.syncStatus("crm", "*", "one")).syncs;
  assert.equal((await status())[0]?.status, "RUNNING");
  await api.finish(await api.claim());
  assert.equal((await status())[0]?.status, "SUCCESS");
  const modes = [
    undefined,
    { reset: true },
    { reset: true, emptyCache: true },
    "incremental",
    "full_refresh",
    true,
    false,
  ] as const;
  for (const mode of modes) {
    const answer = await answered(
      nango.triggerSync("crm", ["contacts", { name: "contacts", variant: "base" }], "one", mode as undefined),
    );
    assert.deepEqual([answer.status, answer.data], [200, { success: true }]);
    await api.finish(await api.claim());
  }
  assert.equal((await answered(nango.triggerSync("crm"))).status, 200);
  assert.equal((await answered(nango.pauseSync("crm", ["contacts"], "one"))).status, 200);
  assert.equal((await status())[0]?.status, "PAUSED");
  assert.equal((await answered(nango.startSync("crm", [{ name: "contacts", variant: "base" }]))).status, 200);
  assert.equal((await nango.syncStatus("crm", ["contacts", { name: "contacts", variant: "base" }])).syncs.length, 1);
  assert.deepEqual(await nango.updateSyncConnectionFrequency("crm", "contacts", "one", "every half hour"), {
    frequency: "30m",
  });
  assert.deepEqual(await nango.updateSyncConnectionFrequency("crm", "contacts", "one", null), {
    frequency: "every hour",
  });
  const variant = { provider_config_key: "crm", connection_id: "one", name: "contacts", variant: "north" };
  assert.equal((await nango.createSyncVariant(variant)).variant, "north");
  const named = { name: "contacts", variant: "north" };
  assert.deepEqual(await nango.updateSyncConnectionFrequency("crm", named, "one", "1d"), { frequency: "1d" });
  assert.deepEqual(await nango.deleteSyncVariant(variant), { success: true });
  assert.equal(await failure(nango.deleteSyncVariant(variant)), "404 not_found");
  assert.equal(await failure(nango.triggerSync("crm", ["no"], "one")), "400 no_syncs_found");
  assert.equal(await failure(nango.triggerSync("crm", [], "no")), "404 unknown_connection");
});

test("a client with another environment's key finds nothing", async (t) => {
  const api = await testApi(t);
  await setUp(api);
  const other = new Nango({ host: api.url, secretKey: PROD_KEY });
  assert.deepEqual((await other.listConnections()).connections, []);
  assert.deepEqual((await other.listIntegrations()).configs, []);
  const scope = { providerConfigKey: "crm", connectionId: "one", model: "Contact" };
  assert.equal(await failure(other.listRecords(scope)), "400 unknown_connection");
  assert.equal(await failure(other.syncStatus("crm", "*")), "400 unknown_provider_config");
  const wrong = new Nango({ host: api.url, secretKey: "wrong" });
  assert.equal(await failure(wrong.listConnections()), "401 unknown_account");
});
