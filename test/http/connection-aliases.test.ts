// The names under which older clients know the connections: /connection and what is below it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { of, PROD_KEY, testApi } from "./api.ts";

test("/connection", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.must("POST", "/integrations", { body: { provider: "acme-oauth2", unique_key: "oauth" } });
  await api.must("POST", "/integrations", { body: { provider: "private-api-basic", unique_key: "basic" } });
  const flat = (body: object) => api.call("POST", "/connection", { body });
  const path = (id: string, key = "crm") => `/connection/${id}?provider_config_key=${key}`;

  await t.test(
    "an import has its credentials beside its names, and gets them back with the connection's id",
    async () => {
      const key = { provider_config_key: "crm", api_key: "k", metadata: { a: 1 }, connection_config: { region: "eu" } };
      const made = await flat(key);
      assert.equal(made.status, 201);
      const { connection_id, ...echoed } = made.body;
      assert.match(connection_id, /^[0-9a-f-]{36}$/);
      assert.deepEqual(echoed, key);
      const got = await api.must("GET", path(connection_id));
      assert.deepEqual(got.credentials, { type: "API_KEY", apiKey: "k" });
      assert.deepEqual([got.metadata, got.connection_config], [{ a: 1 }, { region: "eu" }]);

      const tokens = { access_token: "at", refresh_token: "rt", expires_at: "2030-01-01T00:00:00Z" };
      const oauth = { provider_config_key: "oauth", connection_id: "o", ...tokens };
      assert.deepEqual((await flat(oauth)).body, oauth);
      const shown = await api.must("GET", `${path("o", "oauth")}&refresh_token=true`);
      assert.deepEqual(shown.credentials, { type: "OAUTH2", ...tokens, raw: tokens });
      await flat({ ...oauth, no_expiration: true });
      const endless = await api.must("GET", `${path("o", "oauth")}&refresh_token=true`);
      assert.equal(endless.credentials.expires_at, undefined);

      await flat({ provider_config_key: "basic", connection_id: "b", username: "u" });
      const basic = await api.must("GET", path("b", "basic"));
      assert.deepEqual(basic.credentials, { type: "BASIC", username: "u", password: "" });
    },
  );

  await t.test("an import is refused by the field as it is called there", async () => {
    const cases: [object, number, string, string?][] = [
      [{ provider_config_key: "crm", connection_id: "x" }, 400, "invalid_body", "api_key"],
      [{ provider_config_key: "crm", connection_id: "x", access_token: "t" }, 400, "invalid_body", "api_key"],
      [{ provider_config_key: "oauth", connection_id: "x" }, 400, "invalid_body", "access_token"],
      [{ provider_config_key: "basic", connection_id: "x" }, 400, "invalid_body", "username"],
      [{ provider_config_key: "crm", connection_id: "x", api_key: "k", other: 1 }, 400, "invalid_body", ""],
      [{ provider_config_key: "no", connection_id: "x", api_key: "k" }, 404, "not_found"],
    ];
    for (const [body, status, code, field] of cases) {
      const answer = await flat(body);
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], JSON.stringify(body));
      if (field !== undefined) assert.equal(answer.body.error.errors[0].path.join("."), field);
    }
    assert.deepEqual((await api.must("GET", "/connection?connectionId=x")).connections, []);
  });

  await t.test("the other endpoints answer under both names", async () => {
    await api.connect("crm", "one", { metadata: { a: 1 }, tags: { team: "red" } });
    assert.deepEqual(await api.must("GET", "/connection"), await api.must("GET", "/connections"));
    assert.equal((await api.must("GET", "/connection?tags[team]=red")).connections.length, 1);
    const { last_fetched_at: _at, ...got } = await api.must("GET", path("one"));
    const { last_fetched_at: _then, ...same } = await api.must("GET", "/connections/one?provider_config_key=crm");
    assert.deepEqual(got, same);
    assert.deepEqual(await api.must("PATCH", path("one"), { body: { tags: {} } }), { success: true });
    const many = { connection_id: "one", provider_config_key: "crm", metadata: { b: 2 } };
    const merged = await api.call("PATCH", "/connection/metadata", { body: many });
    assert.deepEqual([merged.status, merged.body], [200, many]);
    assert.deepEqual((await api.must("GET", path("one"))).metadata, { a: 1, b: 2 });
    const replaced = await api.call("POST", "/connection/metadata", { body: many });
    assert.deepEqual([replaced.status, replaced.body], [201, many]);
    const headers = of("crm", "one");
    const set = await api.call("POST", "/connection/one/metadata?provider_config_key=crm", { headers, body: { c: 3 } });
    assert.deepEqual([set.status, set.body], [201, { c: 3 }]);
    const changed = await api.call("PATCH", "/connection/one/metadata", { headers, body: { d: 4 } });
    assert.deepEqual([changed.status, changed.body], [200, { d: 4 }]);
    assert.deepEqual((await api.must("GET", path("one"))).metadata, { c: 3, d: 4 });
    for (const method of ["POST", "PATCH"]) {
      const unknown = await api.call(method, "/connection/no/metadata", { headers, body: {} });
      assert.deepEqual([unknown.status, unknown.body.error.code], [404, "unknown_connection"]);
      const unnamed = await api.call(method, "/connection/one/metadata", { body: {} });
      assert.deepEqual([unnamed.status, unnamed.body.error.code], [400, "invalid_headers"]);
    }
    assert.deepEqual(await api.must("DELETE", path("one")), { success: true });
    assert.equal((await api.call("DELETE", path("one"))).body.error.code, "unknown_connection");
  });

  await t.test(
    "the other environment sees and changes nothing under these names, with the same names of its own",
    async () => {
      const key = PROD_KEY;
      const headers = of("crm", "mine");
      const mine = await api.connect("crm", "mine", { metadata: { a: 1 } });
      await api.integrate("crm", { key });
      assert.deepEqual((await api.must("GET", "/connection", { key })).connections, []);
      const answers = [
        await api.call("GET", path("mine"), { key }),
        await api.call("PATCH", path("mine"), { key, body: { tags: { stolen: "1" } } }),
        await api.call("DELETE", path("mine"), { key }),
        await api.call("POST", "/connection/mine/metadata", { key, headers, body: { stolen: 1 } }),
        await api.call("PATCH", "/connection/mine/metadata", { key, headers, body: { stolen: 1 } }),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [404, 404, 400, 404, 404],
      );
      const theirs = { provider_config_key: "crm", connection_id: "mine", api_key: "theirs" };
      assert.equal((await api.call("POST", "/connection", { key, body: theirs })).status, 201);
      const still = await api.must("GET", path("mine"));
      assert.deepEqual([still.id, still.metadata, still.tags], [mine.id, { a: 1 }, {}]);
      assert.deepEqual(still.credentials, { type: "API_KEY", apiKey: "key of mine" });
      await api.must("DELETE", path("mine"), { key });
      assert.equal((await api.must("GET", path("mine"))).id, mine.id);
    },
  );
});
