// Who is let in: kinds of bearers, scopes, and what is remembered of keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hashApiKey } from "../../src/db/ensure-environments.ts";
import { createKeyMemory } from "../../src/http/access/key-memory.ts";
import { isScope } from "../../src/http/access/scopes.ts";
import { testDatabase } from "../helpers/database.ts";
import { DEV_KEY, testApi } from "./api.ts";

const ACCOUNT_KEY = "account-key-0123456789abcdef-0123456789";
const SESSION = "nango_connect_session_";

test("bearers", async (t) => {
  const api = await testApi(t, { access: { accountKey: ACCOUNT_KEY } });
  const refused = async (path: string, key: string | null, authorization?: string) => {
    const answer = await api.call("GET", path, { key, ...(authorization && { headers: { authorization } }) });
    assert.deepEqual(Object.keys(answer.body), ["error"]);
    return `${answer.status} ${answer.body.error.code}`;
  };

  await t.test("what is wrong with a bearer is told apart", async () => {
    assert.equal(await refused("/connections", null), "401 missing_auth_header");
    for (const malformed of [DEV_KEY, `Basic ${DEV_KEY}`, "Bearer", "Bearer a b", `Bearer ${DEV_KEY}, x`])
      assert.equal(await refused("/connections", null, malformed), "401 malformed_auth_header", malformed);
    for (const unknown of ["nobody", "8f1d7c1a-9b1e-4c37-b3b5-111111111111", `${DEV_KEY}x`, "'; drop table x; --"])
      assert.equal(await refused("/connections", null, `Bearer ${encodeURI(unknown)}`), "401 unknown_account", unknown);
    for (const token of ["", "xyz", "A".repeat(64), "a".repeat(63), "a".repeat(65)])
      assert.equal(
        await refused("/connect/session", SESSION + token),
        "401 invalid_connect_session_token_format",
        token,
      );
    assert.equal(await refused("/connect/session", SESSION + "a".repeat(64)), "401 unknown_connect_session_token");
    assert.equal(
      (await api.call("GET", "/connections", { key: null, headers: { authorization: `bearer  ${DEV_KEY} ` } })).status,
      200,
    );
  });

  await t.test("each kind of bearer is taken where it belongs only", async () => {
    const made = await api.must("POST", "/connect/sessions", {
      body: { end_user: { id: "u" } },
      headers: { "x-forwarded-host": "evil.example" },
    });
    const { token, connect_link: link } = made.data;
    assert.ok(link.startsWith(`${api.url}/connect?`), "no proxy is trusted");
    for (const path of [
      "/connections",
      "/records",
      "/logs",
      "/environments",
      "/environment/api-keys",
      "/environment-variables",
    ])
      assert.equal(await refused(path, token), "403 forbidden", path);
    for (const path of ["/connections", "/connect/session", "/integrations", "/environment/webhooks"])
      assert.equal(await refused(path, ACCOUNT_KEY), "403 forbidden", path);
    for (const path of ["/connect/session", "/environments"])
      assert.equal(await refused(path, DEV_KEY), "403 forbidden", path);
    assert.equal((await api.call("GET", "/connect/session", { key: token })).status, 200);
    assert.equal((await api.call("GET", "/environments", { key: ACCOUNT_KEY })).status, 200);
  });

  await t.test("a scope opens its endpoints and no others", async () => {
    const make = async (scopes: string[]) =>
      (await api.must("POST", "/environment/api-keys", { body: { display_name: "k", scopes } })).data.secret as string;
    const statuses = async (key: string, paths: string[]) =>
      await Promise.all(paths.map(async (path) => (await api.call("GET", path, { key })).status));
    const paths = ["/logs", "/environment/webhooks", "/environment-variables", "/environment/signing-key"];
    assert.deepEqual(await statuses(await make(["environment:logs:read"]), paths), [200, 403, 403, 403]);
    assert.deepEqual(
      await statuses(await make(["environment:settings:*", "environment:variables:read"]), paths),
      [403, 200, 200, 403],
    );
    assert.deepEqual(await statuses(await make(["environment:*"]), paths), [200, 200, 200, 200]);
    const reader = await make(["environment:settings:read"]);
    const patch = await api.call("PATCH", "/environment/webhooks", { key: reader, body: {} });
    assert.deepEqual([patch.status, patch.body.error.code], [403, "forbidden"]);
  });

  await t.test("a body is not read before the key is accepted", async () => {
    const body = "{ this is no JSON";
    assert.equal((await api.call("PATCH", "/environment/webhooks", { body, key: "nobody" })).status, 401);
    assert.equal((await api.call("PATCH", "/environment/webhooks", { body })).body.error.code, "invalid_json");
  });
});

test("links lead to where a trusted proxy was asked; without the settings for it nothing is counted", async (t) => {
  const api = await testApi(t, { access: { trustedProxies: 1 } });
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "sync.example" };
  const made = await api.call("POST", "/connect/sessions", { body: { tags: {} }, headers });
  assert.match(made.body.data.connect_link, /^https:\/\/sync\.example\/connect\?session_token=/);
  assert.equal(made.headers.get("x-ratelimit-limit"), null);
});

test("scopes are those of the list, and wildcards that cover some of it", () => {
  for (const good of ["environment:*", "environment:connections:*", "environment:syncs:variant:*", "environment:proxy"])
    assert.ok(isScope(good), good);
  for (const bad of [
    "",
    ":*",
    "*",
    "environment",
    "environment:conn*",
    "environment:proxy:*",
    "account:environments:list",
  ])
    assert.ok(!isScope(bad), bad);
});

test("a flood of unknown keys neither pushes a good one out of memory nor asks twice about one key", async (t) => {
  const { query, pool } = await testDatabase(t);
  await query("insert into syncline.environments (name, signing_key_sealed) values ('dev', '')");
  await query("insert into syncline.api_keys (environment_id, key_hash) values (1, $1)", [hashApiKey("good")]);
  let asked = 0;
  const ask = pool.query.bind(pool) as (...given: unknown[]) => unknown;
  const counting = {
    query: (...given: unknown[]) => {
      asked += 1;
      return ask(...given);
    },
  } as unknown as typeof pool;
  const { find, forget } = createKeyMemory({ db: counting });
  const guess = <T>(lookup: () => T) => lookup();
  const nameOf = async (key: string) => (await find(hashApiKey(key), guess))?.name;
  assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => nameOf("good"))), Array(20).fill("dev"));
  assert.equal(asked, 1);
  await Promise.all(Array.from({ length: 500 }, (_, n) => nameOf(`wrong ${n % 250}`)));
  assert.equal(asked, 251);
  assert.equal(await nameOf("good"), "dev");
  assert.equal(asked, 251);
  await query("update syncline.api_keys set revoked_at = syncline.now()");
  assert.equal(await nameOf("good"), "dev", "remembered for a moment");
  forget();
  assert.equal(await nameOf("good"), undefined);
});
