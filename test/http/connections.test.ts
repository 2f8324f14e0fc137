// /connections: import, list, get, patch, delete, metadata.
import assert from "node:assert/strict";
import { test } from "node:test";
import { of, syncFunction, testApi } from "./api.ts";

const FULL = [
  "id",
  "connection_id",
  "provider_config_key",
  "provider",
  "errors",
  "end_user",
  "tags",
  "metadata",
  "connection_config",
  "webhook_url_override",
  "created_at",
  "updated_at",
  "last_fetched_at",
  "credentials",
].sort();

test("an imported connection is answered in full, and only its owner sees its credentials", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const body = {
    provider_config_key: "crm",
    connection_id: "one",
    credentials: { type: "API_KEY", apiKey: "secret" },
    metadata: { plan: "big" },
    connection_config: { baseUrl: "https://x.example" },
    webhook_url_override: "https://hooks.example/x",
    tags: { Team: "red" },
    end_user: { id: "u1", email: "u@x.example", organization: { id: "o1" } },
  };
  const { status, body: made } = await api.call("POST", "/connections", { body });
  assert.equal(status, 201);
  assert.deepEqual(Object.keys(made).sort(), FULL);
  assert.deepEqual(made.credentials, { type: "API_KEY", apiKey: "secret" });
  assert.deepEqual(made.tags, { team: "red", end_user_id: "u1", end_user_email: "u@x.example", organization_id: "o1" });
  assert.deepEqual(made.end_user, {
    id: "u1",
    display_name: null,
    email: "u@x.example",
    tags: {},
    organization: { id: "o1", display_name: null },
  });
  const got = await api.must("GET", "/connections/one?provider_config_key=crm");
  assert.deepEqual({ ...got, last_fetched_at: null }, { ...made, last_fetched_at: null });
  const [row] = await api.db.query("select credentials_sealed from syncline.connections");
  assert.doesNotMatch(row?.credentials_sealed.toString("latin1"), /secret/);
});

test("importing again overrides the credentials and keeps what is not given", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const first = await api.connect("crm", "one", { metadata: { a: 1 }, tags: { x: "y" } });
  const credentials = { type: "API_KEY", apiKey: "new" };
  const second = await api.connect("crm", "one", { credentials });
  assert.equal(second.id, first.id);
  assert.deepEqual([second.credentials, second.metadata, second.tags], [credentials, { a: 1 }, { x: "y" }]);
  const unnamed = await api.must("POST", "/connections", { body: { provider_config_key: "crm", credentials } });
  assert.match(unnamed.connection_id, /^[0-9a-f-]{36}$/);
});

test("refresh tokens are shown only when asked for, however deep they are", async (t) => {
  const api = await testApi(t);
  await api.must("POST", "/integrations", { body: { provider: "acme-oauth2", unique_key: "oauth" } });
  const credentials = {
    type: "OAUTH2",
    access_token: "at",
    refresh_token: "rt",
    expires_at: "2030-01-01T00:00:00Z",
    raw: { access_token: "at", refreshToken: "rt", inner: [{ "refresh-token": "rt", kept: 1 }] },
  };
  await api.connect("oauth", "one", { credentials, connection_config: { refresh_token: "rt", region: "eu" } });
  const path = "/connections/one?provider_config_key=oauth&force_refresh=false&refresh_github_app_jwt_token=false";
  const without = await api.must("GET", `${path}&refresh_token=false`);
  assert.deepEqual(without.credentials, {
    type: "OAUTH2",
    access_token: "at",
    expires_at: "2030-01-01T00:00:00Z",
    raw: { access_token: "at", inner: [{ kept: 1 }] },
  });
  assert.deepEqual(without.connection_config, { region: "eu" });
  const shown = await api.must("GET", `${path}&refresh_token=true`);
  assert.deepEqual(shown.credentials, credentials);
  const listed = await api.call("GET", "/connections");
  assert.doesNotMatch(listed.text, /"rt"|"at"/);
});

test("an import is refused by what is wrong with it", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const good = { provider_config_key: "crm", credentials: { type: "API_KEY", apiKey: "k" } };
  const wrong: [object, number, string][] = [
    [{ ...good, provider_config_key: "other" }, 404, "not_found"],
    [{ ...good, credentials: { type: "BASIC", username: "u", password: "p" } }, 400, "invalid_body"],
    [{ ...good, credentials: { type: "API_KEY" } }, 400, "invalid_body"],
    [{ ...good, credentials: undefined }, 400, "invalid_body"],
    [{ ...good, connection_id: "a?b" }, 400, "invalid_body"],
    [{ ...good, webhook_url_override: "ftp://x" }, 400, "invalid_body"],
    [{ ...good, webhook_url_override: "HTTP://x" }, 400, "invalid_body"],
    [{ ...good, webhook_url_override: "http://x/\u0000" }, 400, "invalid_body"],
    [{ ...good, tags: { Team: "a", team: "b" } }, 400, "invalid_body"],
    [{ ...good, tags: { "1st": "a" } }, 400, "invalid_body"],
    [{ ...good, tags: { end_user_email: "nobody" } }, 400, "invalid_body"],
    [{ ...good, tags: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`t${n}`, "v"])) }, 400, "invalid_body"],
    [{ ...good, extra: 1 }, 400, "invalid_body"],
  ];
  for (const [body, status, code] of wrong) {
    const answer = await api.call("POST", "/connections", { body });
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], JSON.stringify(body));
  }
  assert.deepEqual((await api.must("GET", "/connections")).connections, []);
});

test("the list filters by everything at once, newest first, page by page", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.integrate("erp");
  await api.connect("crm", "one", {
    tags: { team: "Red", tier: "a" },
    end_user: { id: "u1", display_name: "Ada Lovelace" },
  });
  await api.connect("crm", "two", { tags: { team: "Red", tier: "b" } });
  await api.connect("erp", "one", { end_user: { id: "u2", organization: { id: "o1" } } });
  const list = async (query: string): Promise<string[]> => {
    const { connections } = await api.must("GET", `/connections${query}`);
    return connections.map(
      (c: { provider_config_key: string; connection_id: string }) => `${c.provider_config_key}/${c.connection_id}`,
    );
  };
  assert.deepEqual(await list(""), ["erp/one", "crm/two", "crm/one"]);
  assert.deepEqual(await list("?connectionId=one"), ["erp/one", "crm/one"]);
  assert.deepEqual(await list("?connectionId=one&integrationId=crm"), ["crm/one"]);
  assert.deepEqual(await list("?integrationId=crm,erp"), ["erp/one", "crm/two", "crm/one"]);
  assert.deepEqual(await list("?tags%5BTeam%5D=Red"), ["crm/two", "crm/one"]);
  assert.deepEqual(await list("?tags[team]=Red&tags[tier]=b"), ["crm/two"]);
  assert.deepEqual(await list("?endUserId=u1"), ["crm/one"]);
  assert.deepEqual(await list("?endUserOrganizationId=o1"), ["erp/one"]);
  assert.deepEqual(await list("?search=LOVELACE"), ["crm/one"]);
  assert.deepEqual(await list("?search=%25"), []);
  assert.deepEqual(await list("?limit=2"), ["erp/one", "crm/two"]);
  assert.deepEqual(await list("?limit=2&page=1"), ["crm/one"]);
  const [one] = (await api.must("GET", "/connections?limit=1")).connections;
  assert.deepEqual(Object.keys(one).sort(), [
    "connection_id",
    "created",
    "end_user",
    "errors",
    "id",
    "metadata",
    "provider",
    "provider_config_key",
    "tags",
  ]);
  for (const query of ["?limit=0", "?limit=2001", "?page=-1", "?x=1", "?search=a%00", "?endUserId=%00"]) {
    assert.equal((await api.call("GET", `/connections${query}`)).body.error.code, "invalid_query_params");
  }
});

test("a failed sync is an error of its connection until it succeeds", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one");
  await api.deploy([syncFunction("crm", "contacts")]);
  const lease = await api.claim();
  await api.fail(lease);
  const failed = await api.must("GET", "/connections/one?provider_config_key=crm");
  const [{ since, ...error }] = failed.errors;
  assert.deepEqual(error, { type: "sync", log_id: String(lease.id), message: "refused" });
  assert.ok(Date.parse(since) <= Date.now() && since.endsWith("Z"), since);
  assert.deepEqual((await api.must("GET", "/connections")).connections[0].errors, failed.errors);
  await api.must("POST", "/sync/trigger", { body: { syncs: ["contacts"], provider_config_key: "crm" } });
  await api.finish(await api.claim());
  assert.deepEqual((await api.must("GET", "/connections/one?provider_config_key=crm")).errors, []);
});

test("get tells an unknown integration from an unknown connection", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const get = async (path: string) => {
    const { status, body } = await api.call("GET", path);
    return [status, body.error.code];
  };
  assert.deepEqual(await get("/connections/one?provider_config_key=other"), [400, "unknown_provider_config"]);
  assert.deepEqual(await get("/connections/one?provider_config_key=crm"), [404, "not_found"]);
  assert.deepEqual(await get("/connections/one"), [400, "invalid_query_params"]);
});

test("patch replaces tags, clears the webhook URL, and lays tags over those of the end user", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one", { tags: { a: "1" }, webhook_url_override: "https://hooks.example/x" });
  const path = "/connections/one?provider_config_key=crm";
  const patch = async (body: object) => {
    assert.deepEqual(await api.must("PATCH", path, { body }), { success: true });
    return await api.must("GET", path);
  };
  assert.deepEqual((await patch({ tags: { b: "2" } })).tags, { b: "2" });
  const cleared = await patch({ webhook_url_override: "" });
  assert.deepEqual([cleared.webhook_url_override, cleared.tags], [null, { b: "2" }]);
  const withUser = await patch({ end_user: { id: "u1", email: "u@x.example" }, tags: { end_user_id: "mine" } });
  assert.deepEqual(withUser.tags, { end_user_id: "mine", end_user_email: "u@x.example" });
  const refusals: [string, object, number, string][] = [
    [path, { other: 1 }, 400, "invalid_body"],
    ["/connections/two?provider_config_key=crm", { tags: {} }, 404, "not_found"],
    ["/connections/one?provider_config_key=no", { tags: {} }, 400, "unknown_provider_config"],
  ];
  for (const [where, body, status, code] of refusals) {
    const answer = await api.call("PATCH", where, { body });
    assert.deepEqual([answer.status, answer.body.error.code], [status, code]);
  }
});

test("metadata is set and merged for all connections named, or for none", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one", { metadata: { a: 1 } });
  await api.connect("crm", "two");
  const metadataOf = async (id: string) =>
    (await api.must("GET", `/connections/${id}?provider_config_key=crm`)).metadata;
  const body = { connection_id: ["one", "two"], provider_config_key: "crm", metadata: { b: { deep: 1 } } };
  const merged = await api.call("PATCH", "/connections/metadata", { body });
  assert.deepEqual([merged.status, merged.body], [200, body]);
  assert.deepEqual([await metadataOf("one"), await metadataOf("two")], [{ a: 1, b: { deep: 1 } }, { b: { deep: 1 } }]);
  const set = await api.call("POST", "/connections/metadata", {
    body: { ...body, connection_id: "one", metadata: { c: 1 } },
  });
  assert.equal(set.status, 201);
  assert.deepEqual([await metadataOf("one"), await metadataOf("two")], [{ c: 1 }, { b: { deep: 1 } }]);
  for (const method of ["POST", "PATCH"]) {
    const answer = await api.call(method, "/connections/metadata", { body: { ...body, connection_id: ["one", "no"] } });
    assert.deepEqual([answer.status, answer.body.error.code], [404, "unknown_connection"]);
  }
  assert.deepEqual(await metadataOf("one"), { c: 1 });
  const wrong = await api.call("POST", "/connections/metadata", { body: { ...body, metadata: [] } });
  assert.equal(wrong.body.error.code, "invalid_body");
  const old = await api.call("PATCH", "/connection/one/metadata", { headers: of("crm", "one"), body: { d: 1 } });
  assert.equal(old.status, 200);
  assert.deepEqual(await metadataOf("one"), { c: 1, d: 1 });
});

test("a deleted connection is gone at once, with credentials, key, syncs and records", async (t) => {
  const api = await testApi(t);
  await api.must("PATCH", "/environment/webhooks", { body: { primary_url: "https://hooks.example/x" } });
  await api.integrate("crm");
  await api.deploy([syncFunction("crm", "contacts")]);
  await api.connect("crm", "one");
  const lease = await api.claim();
  await api.save(lease, "Contact", [{ id: "1" }]);
  const path = "/connections/one?provider_config_key=crm";
  assert.deepEqual((await api.call("DELETE", path)).body, { success: true });
  const again = await api.call("DELETE", path);
  assert.deepEqual([again.status, again.body.error.code], [400, "unknown_connection"]);
  assert.equal((await api.call("GET", path)).status, 404);
  await assert.rejects(api.save(lease, "Contact", [{ id: "2" }]), { code: "SL001" });
  const [left] = await api.db.query(`
    select (select count(*) from syncline.data_keys where connection_id is not null) as keys,
           (select count(*) from syncline.connections where credentials_sealed is not null) as credentials,
           (select count(*) from syncline.syncs where deleted_at is null or next_run_at is not null) as syncs,
           (select count(*) from syncline.streams where retired_at is null) as streams,
           (select array_agg(state) from syncline.runs) as runs,
           (select array_agg(body::jsonb ->> 'operation' order by id) from syncline.outbox where kind = 'auth') as auth`);
  assert.deepEqual(left, {
    keys: 0,
    credentials: 0,
    syncs: 0,
    streams: 0,
    runs: ["cancelled"],
    auth: ["creation", "deletion"],
  });
  const anew = await api.connect("crm", "one");
  assert.deepEqual(anew.metadata, {});
  const records = await api.must("GET", "/records?model=Contact", { headers: of("crm", "one") });
  assert.deepEqual(records.records, []);
});
