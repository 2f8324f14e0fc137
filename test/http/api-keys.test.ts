// /environment/api-keys: who may make, see and revoke which keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROD_KEY, testApi } from "./api.ts";

const ACCOUNT_KEY = "account-key-0123456789abcdef-0123456789";
const PATH = "/environment/api-keys";

test("/environment/api-keys", async (t) => {
  const api = await testApi(t, { access: { accountKey: ACCOUNT_KEY } });
  const make = async (body: object, key?: string) => (await api.must("POST", PATH, { body, ...(key && { key }) })).data;
  const refused = async (method: string, body: object | undefined, key?: string) => {
    const answer = await api.call(method, PATH, { body, ...(key && { key }) });
    return [answer.status, answer.body.error.code];
  };
  const names = async (key?: string, query = "") =>
    (await api.must("GET", PATH + query, key ? { key } : {})).data.map(
      (one: { display_name: string }) => one.display_name,
    );

  await t.test("a key is shown once, works at once, and of it only a hash is kept", async () => {
    const made = await make({ display_name: "app" });
    assert.deepEqual(Object.keys(made).sort(), ["created_at", "display_name", "id", "scopes", "secret"]);
    assert.deepEqual(made.scopes, ["environment:*"]);
    assert.equal((await api.call("GET", "/connections", { key: made.secret })).status, 200);
    const listed = await api.must("GET", PATH);
    assert.doesNotMatch(JSON.stringify(listed), new RegExp(made.secret));
    assert.ok(
      listed.data.some((one: { id: number; environment: string }) => one.id === made.id && one.environment === "dev"),
    );
    const [row] = await api.db.query("select to_jsonb(k)::text as it from syncline.api_keys k where id = $1", [
      made.id,
    ]);
    assert.ok(!row?.it.includes(made.secret));
  });

  await t.test("a key makes only keys that may do no more than itself", async () => {
    const scopes = ["environment:api_keys:*", "environment:connections:read", "environment:records:*"];
    const narrow = await make({ display_name: "narrow", scopes });
    assert.deepEqual((await make({ display_name: "same" }, narrow.secret)).scopes, scopes);
    const less = await make({ display_name: "less", scopes: ["environment:records:read"] }, narrow.secret);
    assert.equal((await api.call("GET", "/connections", { key: less.secret })).status, 403);
    for (const more of [
      "environment:connections:*",
      "environment:*",
      "environment:proxy",
      "environment:records:*",
    ].slice(0, 3)) {
      const body = { display_name: "more", scopes: ["environment:records:read", more] };
      assert.deepEqual(await refused("POST", body, narrow.secret), [403, "forbidden"], more);
    }
    assert.deepEqual(await refused("POST", { display_name: "none" }, less.secret), [403, "forbidden"]);
  });

  await t.test("a scope that does not exist is refused with its place", async () => {
    for (const scope of [
      "environment:record:read",
      "account:*",
      "*",
      "environment:",
      "records:read",
      "environment:x:*",
    ]) {
      const { body } = await api.call("POST", PATH, { body: { display_name: "x", scopes: ["environment:*", scope] } });
      assert.deepEqual([body.error.code, body.error.errors[0].path], ["invalid_body", ["scopes", "1"]], scope);
    }
    for (const wrong of [
      {},
      { display_name: "" },
      { display_name: "x", scopes: [] },
      { display_name: "x", other: 1 },
    ]) {
      assert.deepEqual(await refused("POST", wrong), [400, "invalid_body"]);
    }
  });

  await t.test("a revoked key is refused by the next request", async () => {
    const { id, secret } = await make({ display_name: "short-lived" });
    assert.equal((await api.call("GET", "/connections", { key: secret })).status, 200);
    assert.deepEqual(await api.must("DELETE", PATH, { body: { id } }), { success: true });
    assert.equal((await api.call("GET", "/connections", { key: secret })).body.error.code, "unknown_account");
    assert.deepEqual(await refused("DELETE", { id }), [404, "not_found"]);
    assert.ok(!(await names()).includes("short-lived"));
  });

  await t.test("an environment's key neither sees, makes nor revokes keys of another", async () => {
    const { id } = await make({ display_name: "of prod" }, PROD_KEY);
    assert.ok(!(await names()).includes("of prod"));
    assert.deepEqual(await refused("DELETE", { id }), [404, "not_found"]);
    assert.deepEqual(await refused("POST", { display_name: "x", environment_id: api.prod.id }), [403, "forbidden"]);
    assert.equal((await api.call("GET", `${PATH}?environment_id=${api.prod.id}`)).status, 403);
    assert.ok((await names(PROD_KEY)).includes("of prod"));
  });

  await t.test("an account key makes, sees and revokes the keys of every environment", async () => {
    assert.deepEqual(await refused("POST", { display_name: "x" }, ACCOUNT_KEY), [400, "invalid_body"]);
    assert.deepEqual(await refused("POST", { display_name: "x", environment_id: 9_999 }, ACCOUNT_KEY), [
      400,
      "invalid_body",
    ]);
    const made = await make({ display_name: "by account", environment_id: api.prod.id }, ACCOUNT_KEY);
    assert.equal((await api.call("GET", "/connections", { key: made.secret })).status, 200);
    assert.deepEqual(await names(ACCOUNT_KEY, `?environment_id=${api.prod.id}`), await names(PROD_KEY));
    const all = await names(ACCOUNT_KEY);
    assert.equal(all.length, (await names()).length + (await names(PROD_KEY)).length);
    await api.must("DELETE", PATH, { body: { id: made.id }, key: ACCOUNT_KEY });
    assert.equal((await api.call("GET", "/connections", { key: made.secret })).status, 401);
  });

  await t.test("an environment has at most 100 keys", async () => {
    const fill = `insert into syncline.api_keys (environment_id, key_hash)
      select $1, sha256(n::text::bytea) from generate_series(1, 100) n`;
    await api.db.query(fill, [api.prod.id]);
    const answer = await api.call("POST", PATH, { body: { display_name: "x" }, key: PROD_KEY });
    assert.equal(answer.body.error.code, "resource_capped");
  });
});
