// What holds for every endpoint: keys, bodies, content types, unknown paths, failures.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hashApiKey } from "../../src/db/ensure-environments.ts";
import { parseQuery } from "../../src/http/query.ts";
import { DEV_KEY, testApi } from "./api.ts";

test("health needs no key and ready follows the server", async (t) => {
  const api = await testApi(t);
  assert.deepEqual((await api.call("GET", "/health", { key: null })).body, { result: "ok" });
  assert.equal((await api.call("GET", "/ready", { key: null })).status, 200);
  api.setReady(false);
  assert.equal((await api.call("GET", "/ready", { key: null })).status, 503);
  assert.equal((await api.call("GET", "/health", { key: null })).status, 200);
});

test("a request without a good key is refused with the code that says why", async (t) => {
  const api = await testApi(t);
  const without = await api.call("GET", "/connections", { key: null });
  assert.deepEqual([without.status, without.body.error.code], [401, "missing_auth_header"]);
  const malformed = await api.call("GET", "/connections", { key: null, headers: { authorization: DEV_KEY } });
  assert.deepEqual([malformed.status, malformed.body.error.code], [401, "malformed_auth_header"]);
  const unknown = await api.call("GET", "/connections", { key: "nobody's" });
  assert.deepEqual([unknown.status, unknown.body.error.code], [401, "unknown_account"]);
});

test("a key may do what its scopes say; without read_credentials it sees none", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one");
  const key = "a-key-that-may-only-look";
  const insert =
    "insert into syncline.api_keys (environment_id, key_hash, scopes) values ($1, $2, '{environment:connections:list,environment:connections:read}')";
  await api.db.query(insert, [api.dev.id, hashApiKey(key)]);
  const path = "/connections/one?provider_config_key=crm";
  assert.equal((await api.call("GET", "/connections", { key })).status, 200);
  assert.deepEqual((await api.must("GET", path, { key })).credentials, {});
  assert.deepEqual((await api.must("GET", path)).credentials, { type: "API_KEY", apiKey: "key of one" });
  for (const refused of [
    await api.call("GET", `${path}&refresh_token=true`, { key }),
    await api.call("DELETE", path, { key }),
    await api.call("GET", "/integrations", { key }),
    await api.call("GET", "/environment/signing-key", { key }),
  ]) {
    assert.deepEqual([refused.status, refused.body.error.code], [403, "forbidden"]);
  }
});

test("what is missing, empty or no number is named in these words", async (t) => {
  const api = await testApi(t);
  const said = async (method: string, path: string, body?: object) => {
    const { error } = (await api.call(method, path, { body })).body;
    return error.errors.map((one: { path: string[]; message: string }) => `${one.path.join(".")} ${one.message}`);
  };
  assert.deepEqual(await said("POST", "/integrations", { provider: "acme" }), ["unique_key is missing"]);
  assert.deepEqual(await said("GET", "/logs?run=last"), ["run is not a number"]);
  assert.deepEqual(await said("POST", "/runs/last/undo"), ["runId is not a number"]);
  const session = { end_user: { id: "" }, tags: { "my team": "red" } };
  assert.deepEqual(await said("POST", "/connect/sessions", session), [
    "tags.my team must begin with a letter, and have only letters, digits and _ - . /",
    "end_user.id is empty",
  ]);
});

test("an unknown path is 404 in the API's shape", async (t) => {
  const api = await testApi(t);
  const answer = await api.call("GET", "/nowhere");
  assert.deepEqual([answer.status, answer.body.error.code], [404, "not_found"]);
});

test("a body that is no JSON, too large or of another type is told apart", async (t) => {
  const api = await testApi(t);
  const broken = await api.call("POST", "/integrations", { body: "{" });
  assert.deepEqual([broken.status, broken.body.error.code], [400, "invalid_json"]);
  const form = await api.call("POST", "/integrations", { body: "a=b", headers: { "content-type": "text/plain" } });
  assert.deepEqual([form.status, form.body.error.code], [415, "invalid_content_type"]);
  const large = await api.call("POST", "/integrations", { body: `"${"x".repeat(75 * 1024 * 1024)}"` });
  assert.deepEqual([large.status, large.body.error.code], [413, "request_too_large"]);
  const withUtf8 = { "content-type": "application/json; charset=utf-8" };
  assert.equal((await api.call("GET", "/integrations", { headers: withUtf8 })).status, 200);
});

test("wrong input names every field, and unknown fields are refused", async (t) => {
  const api = await testApi(t);
  const body = { provider_config_key: "a/b", surprise: 1 };
  const { status, body: answer } = await api.call("POST", "/sync/start", { body });
  assert.deepEqual([status, answer.error.code], [400, "invalid_body"]);
  const paths = answer.error.errors.map((one: { path: string[] }) => one.path.join("."));
  assert.deepEqual(paths.sort(), ["", "provider_config_key", "syncs"]);
  const query = await api.call("GET", "/integrations?x=1");
  assert.deepEqual([query.status, query.body.error.code], [400, "invalid_query_params"]);
  const uri = await api.call("GET", "/integrations/a%2Fb");
  assert.deepEqual([uri.status, uri.body.error.code], [400, "invalid_uri_params"]);
});

test("a failure of ours gives an id and no details; the log has both", async (t) => {
  const api = await testApi(t);
  await api.must("GET", "/integrations");
  await api.db.query("drop function syncline.list_integrations(int)");
  const { status, body, text } = await api.call("GET", "/integrations");
  assert.deepEqual([status, body.error.code], [500, "generic_error_support"]);
  assert.doesNotMatch(text, /list_integrations/);
  const line = api.logged.find((one) => one.includes(body.error.payload.id));
  assert.match(line ?? "", /list_integrations/);
});

test("browsers from anywhere may call", async (t) => {
  const api = await testApi(t);
  const preflight = await api.call("OPTIONS", "/records", {
    key: null,
    headers: {
      origin: "https://app.example",
      "access-control-request-method": "GET",
      "access-control-request-headers": "connection-id",
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "connection-id");
});

test("queries repeat keys into lists and bracket keys into objects", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => `ids=${n}`).join("&");
  assert.equal((parseQuery(hundred).ids as string[]).length, 100);
  assert.deepEqual({ ...parseQuery("ids=1") }, { ids: "1" });
  assert.deepEqual(parseQuery("ids[]=1").ids, ["1"]);
  assert.deepEqual({ ...(parseQuery("tags%5Bteam%5D=A%26B&tags[x]=1").tags as object) }, { team: "A&B", x: "1" });
  assert.equal(({} as { polluted?: string }).polluted, undefined);
  parseQuery("__proto__[polluted]=yes");
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});
