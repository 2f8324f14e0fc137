// /connect/sessions and /connect/session: inviting end users, and what their token opens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { DEV_KEY, PROD_KEY, testApi } from "./api.ts";

test("connect sessions", async (t) => {
  const api = await testApi(t, { access: { publicUrl: "https://sync.example/base/" } });
  await api.integrate("crm");
  await api.integrate("erp");
  await api.integrate("secret", { key: PROD_KEY, body: { provider: "acme", unique_key: "secret" } });
  await api.connect("crm", "one");
  const nango = new Nango({ host: api.url, secretKey: DEV_KEY });
  const post = (body: object, path = "/connect/sessions") => api.call("POST", path, { body });
  const session = async (key: string) => (await api.must("GET", "/connect/session", { key })).data;

  await t.test("the published client makes one, for half an hour, with a link to the page", async () => {
    const before = Date.now();
    const { data } = await nango.createConnectSession({
      end_user: { id: "u1", email: "u@x.example" },
      allowed_integrations: ["crm"],
    });
    assert.match(data.token, /^nango_connect_session_[0-9a-f]{64}$/);
    assert.equal(data.connect_link, `https://sync.example/base/connect?session_token=${data.token}`);
    assert.ok(Math.abs(Date.parse(data.expires_at) - before - 30 * 60_000) < 10_000);
    const made = await post({ tags: { Team: "Red" } });
    assert.deepEqual([made.status, Object.keys(made.body.data).sort()], [201, ["connect_link", "expires_at", "token"]]);
    const [row] = await api.db.query(
      "select to_jsonb(s)::text as it from syncline.connect_sessions s order by id limit 1",
    );
    assert.ok(!row?.it.includes(data.token.slice(-64)), "only a hash of the token is kept");
  });

  await t.test("its token reads what it carries, and ends it", async () => {
    const carried = {
      allowed_integrations: ["crm", "erp"],
      integrations_config_defaults: {
        crm: { user_scopes: "a", authorization_params: { prompt: "consent" }, connection_config: { region: "eu" } },
      },
      overrides: { erp: { docs_connect: "https://docs.example" } },
    };
    const body = {
      ...carried,
      end_user: { id: "u1", email: "u@x.example", tags: { plan: "pro" } },
      organization: { id: "o1", display_name: "Org" },
      tags: { Team: "Red" },
      webhook_url_override: "https://hooks.example/x",
    };
    const token = (await post(body)).body.data.token;
    const { connectUISettings, ...shown } = await session(token);
    assert.equal(connectUISettings.showWatermark, false);
    assert.deepEqual(shown, {
      ...carried,
      endUser: {
        id: "u1",
        display_name: null,
        email: "u@x.example",
        tags: { plan: "pro" },
        organization: { id: "o1", display_name: "Org" },
      },
      tags: { team: "Red" },
      isReconnecting: false,
    });
    assert.equal((await api.call("DELETE", "/connect/session", { key: token })).status, 204);
    assert.equal(
      (await api.call("DELETE", "/connect/session", { key: token })).body.error.code,
      "unknown_connect_session_token",
    );
  });

  await t.test("its token lists the allowed integrations and reads the catalogue", async () => {
    const listed = async (key: string) =>
      (await api.must("GET", "/integrations", { key })).data.map((one: { unique_key: string }) => one.unique_key);
    assert.deepEqual(await listed((await post({ tags: {}, allowed_integrations: ["erp"] })).body.data.token), ["erp"]);
    const all = (await post({ tags: {} })).body.data.token;
    assert.deepEqual(await listed(all), ["crm", "erp"]);
    assert.equal((await api.must("GET", "/providers/acme", { key: all })).data.name, "acme");
    assert.equal((await api.call("GET", "/providers?search=acme", { key: all })).status, 200);
    for (const [method, path] of [
      ["GET", "/integrations/crm"],
      ["POST", "/integrations"],
      ["GET", "/connections"],
      ["POST", "/connect/sessions"],
    ] as const)
      assert.equal(
        (await api.call(method, path, { key: all, ...(method === "POST" && { body: {} }) })).status,
        403,
        path,
      );
  });

  await t.test("a reconnect names a connection that exists", async () => {
    const { data } = await nango.createReconnectSession({ connection_id: "one", integration_id: "crm" });
    const shown = await session(data.token);
    assert.deepEqual([shown.isReconnecting, shown.allowed_integrations, shown.endUser], [true, ["crm"], null]);
    for (const wrong of [
      { connection_id: "two", integration_id: "crm" },
      { connection_id: "one", integration_id: "erp" },
    ]) {
      const answer = await post(wrong, "/connect/sessions/reconnect");
      assert.deepEqual([answer.status, answer.body.error.code], [400, "invalid_body"]);
    }
    const other = await api.call("POST", "/connect/sessions/reconnect", {
      body: { connection_id: "one", integration_id: "crm" },
      key: PROD_KEY,
    });
    assert.equal(other.body.error.code, "invalid_body", "another environment's connection");
    await api.must("DELETE", "/connections/one?provider_config_key=crm");
    assert.equal(
      (await api.call("GET", "/connect/session", { key: data.token })).status,
      401,
      "there is nothing to renew any more",
    );
  });

  await t.test("an unknown integration is refused with its place; so is a session for nobody", async () => {
    const paths = async (body: object) => {
      const { status, body: answer } = await post(body);
      assert.deepEqual([status, answer.error.code], [400, "invalid_body"]);
      return answer.error.errors.map((one: { path: string[] }) => one.path.join("."));
    };
    const tags = {};
    assert.deepEqual(await paths({ tags, allowed_integrations: ["crm", "secret"] }), ["allowed_integrations.1"]);
    assert.deepEqual(await paths({ tags, integrations_config_defaults: { nope: {} }, overrides: { gone: {} } }), [
      "integrations_config_defaults.nope",
      "overrides.gone",
    ]);
    assert.deepEqual(await paths({}), [""]);
    for (const wrong of [
      { tags: { "1": "x" } },
      { end_user: {} },
      { tags, allowed_integrations: [] },
      { tags, webhook_url_override: "ftp://x" },
      { tags, other: 1 },
    ])
      await paths(wrong);
  });

  await t.test("a session ends after half an hour, and its row is gone a month later", async () => {
    const token = (await post({ tags: {} })).body.data.token;
    await api.db.clock.forward("29 min");
    assert.equal((await api.call("GET", "/connect/session", { key: token })).status, 200);
    await api.db.clock.forward("2 min");
    assert.equal(
      (await api.call("GET", "/connect/session", { key: token })).body.error.code,
      "unknown_connect_session_token",
    );
    const count = async () => {
      await api.db.query("select * from syncline.tidy()");
      return (await api.db.query("select count(*)::int as n from syncline.connect_sessions"))[0]?.n;
    };
    assert.notEqual(await count(), 0);
    await api.db.clock.forward("32 days");
    assert.equal(await count(), 0);
  });
});
