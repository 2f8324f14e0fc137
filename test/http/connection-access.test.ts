// /connections: whose key may do what.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROD_KEY, testApi } from "./api.ts";

test("the other environment's key finds, changes and deletes nothing", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one", { metadata: { a: 1 } });
  await api.integrate("crm", { key: PROD_KEY, body: { provider: "acme", unique_key: "crm" } });
  const key = PROD_KEY;
  const path = "/connections/one?provider_config_key=crm";
  assert.deepEqual((await api.must("GET", "/connections", { key })).connections, []);
  assert.equal((await api.call("GET", path, { key })).body.error.code, "not_found");
  assert.equal((await api.call("PATCH", path, { key, body: { tags: {} } })).body.error.code, "not_found");
  assert.equal((await api.call("DELETE", path, { key })).body.error.code, "unknown_connection");
  const body = { connection_id: "one", provider_config_key: "crm", metadata: { stolen: true } };
  assert.equal((await api.call("POST", "/connections/metadata", { key, body })).body.error.code, "unknown_connection");
  assert.equal((await api.call("PATCH", "/connections/metadata", { key, body })).body.error.code, "unknown_connection");
  const theirs = await api.connect("crm", "one", {}, { key });
  const mine = await api.must("GET", path);
  assert.notEqual(theirs.id, mine.id);
  assert.deepEqual(mine.metadata, { a: 1 });
});

test("each endpoint asks for a scope of its own", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one");
  const one = "/connections/one?provider_config_key=crm";
  const names = { connection_id: "one", provider_config_key: "crm" };
  const credentials = { type: "API_KEY", apiKey: "k" };
  const calls: [string, string, string, object?][] = [
    ["connections:list", "GET", "/connections"],
    ["connections:list", "GET", "/connection"],
    ["connections:read", "GET", one],
    ["connections:create", "POST", "/connections", { ...names, credentials }],
    ["connections:create", "POST", "/connection", { ...names, api_key: "k" }],
    ["connections:update", "PATCH", one, { tags: {} }],
    ["connections:update", "POST", "/connections/metadata", { ...names, metadata: {} }],
    ["connections:update", "PATCH", "/connections/metadata", { ...names, metadata: {} }],
    ["connections:delete", "DELETE", one],
  ];
  const make = async (scopes: string[]): Promise<string> =>
    (await api.must("POST", "/environment/api-keys", { body: { display_name: "k", scopes } })).data.secret;
  const keys = new Map<string, string>();
  for (const scope of new Set(calls.map(([name]) => name))) keys.set(scope, await make([`environment:${scope}`]));
  for (const [scope, method, path, body] of calls) {
    for (const [held, key] of keys) {
      if (held === scope) continue;
      const { status, body: answer } = await api.call(method, path, { key, body });
      assert.deepEqual([status, answer.error.code], [403, "forbidden"], `${method} ${path} with ${held}`);
    }
    const { status } = await api.call(method, path, { key: keys.get(scope)!, body });
    assert.ok(status < 300, `${method} ${path} with ${scope}: ${status}`);
  }
  await api.connect("crm", "one");
  const reader = keys.get("connections:read")!;
  assert.deepEqual((await api.must("GET", one, { key: reader })).credentials, {});
  for (const flag of ["force_refresh", "refresh_token", "refresh_github_app_jwt_token"]) {
    const { status, body } = await api.call("GET", `${one}&${flag}=true`, { key: reader });
    assert.deepEqual([status, body.error.code], [403, "forbidden"]);
  }
  const importer = { key: keys.get("connections:create")!, body: { ...names, credentials } };
  assert.deepEqual((await api.must("POST", "/connections", importer)).credentials, {}, "nor what came of an import");
  await api.connect("crm", "one");
  const both = await make(["environment:connections:read", "environment:connections:read_credentials"]);
  const { credentials: shown } = await api.must("GET", `${one}&force_refresh=true&refresh_token=true`, { key: both });
  assert.equal(shown.apiKey, "key of one");
});
