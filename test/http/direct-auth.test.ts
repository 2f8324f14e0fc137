// The endpoints to which the published frontend sends credentials, with the session's token in the query: one for each kind.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { openConnection } from "../../src/auth/target.ts";
import type { AccessSettings } from "../../src/http/deps.ts";
import { DEV_KEY, testApi } from "./api.ts";

const filledWith = (name: string): string => `\${${name}}`;

const string = { type: "string", title: "A field" };

/** A provider's API: takes keys and passwords that begin with "good", and gives tokens for them. */
const startProvider = async (t: TestContext): Promise<string> => {
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString();
    const basic = Buffer.from((req.headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString();
    const isGood = /good/.test(`${req.headers["x-api-key"]} ${basic} ${body}`);
    res.writeHead(isGood ? 200 : 401, { "content-type": "application/json" });
    res.end(
      JSON.stringify(
        isGood
          ? {
              access_token: "t1",
              token: "t1",
              expires_in: 3600,
              ...(/large/.test(body) && { more: "x".repeat(2 ** 20) }),
            }
          : { error: "invalid_client" },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const catalogueOf = (url: string) => ({
  keyed: {
    auth_mode: "API_KEY",
    proxy: {
      base_url: url,
      headers: { "x-api-key": filledWith("apiKey") },
      verification: { method: "GET", endpoints: ["/me"] },
    },
    credentials: { apiKey: { ...string, pattern: "^[a-z]+-\\d+$", example: "good-1" } },
    connection_config: {
      subdomain: { ...string, pattern: "^[a-z]+$" },
      region: { ...string, enum: ["eu", "us"], default_value: "eu" },
      note: { ...string, optional: true },
      site: { ...string, format: "uri", optional: true },
      found: { ...string, automated: true },
    },
  },
  named: {
    auth_mode: "BASIC",
    proxy: { base_url: url, verification: { method: "GET", endpoints: ["/me"] } },
    credentials: { username: string, password: { ...string, secret: true } },
  },
  plain: { auth_mode: "NONE", proxy: { base_url: url } },
  hosted: {
    auth_mode: "NONE",
    proxy: { base_url: `https://${filledWith("connectionConfig.subdomain")}.hosted.example` },
    connection_config: { subdomain: string },
  },
  tba: { auth_mode: "TBA", proxy: { base_url: url } },
  steps: {
    auth_mode: "TWO_STEP",
    proxy: { base_url: url },
    token_url: `${url}/token`,
    token_params: { login: filledWith("credentials.login") },
    token_response: { token: "token", token_expiration: "expires_in", token_expiration_strategy: "expireIn" },
    credentials: { login: string },
  },
  client: { auth_mode: "OAUTH2_CC", proxy: { base_url: url }, token_url: `${url}/token` },
  popup: { auth_mode: "OAUTH2", authorization_url: `${url}/a`, token_url: `${url}/t`, proxy: { base_url: url } },
});

const setUp = async (t: TestContext, access: AccessSettings = {}) => {
  const url = await startProvider(t);
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), "syncline-direct-")), "providers.json");
  const entries = catalogueOf(url);
  const shown = Object.entries(entries).map(([name, entry]) => [name, { display_name: name, ...entry }]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(shown)));
  const api = await testApi(t, { catalogueFiles: [file], access });
  for (const provider of Object.keys(entries))
    await api.must("POST", "/integrations", { body: { provider, unique_key: provider } });
  const newToken = async (body: object = {}): Promise<string> =>
    (await api.must("POST", "/connect/sessions", { body: { end_user: { id: "u1" }, ...body } })).data.token;
  const post = (target: string, token: string, body?: object, query = "") =>
    api.call("POST", `${target}?connect_session_token=${token}${query}`, { body, key: null });
  return { ...api, newToken, post };
};

test("each kind of credentials makes its connection, and ends the session", async (t) => {
  const api = await setUp(t);
  const cases: [target: string, body: object | undefined, query: string, credentials: object][] = [
    ["/api-auth/api-key/keyed", { apiKey: "good-1" }, "&params[subdomain]=acme", { type: "API_KEY", apiKey: "good-1" }],
    [
      "/api-auth/basic/named",
      { username: "good", password: "p" },
      "",
      { type: "BASIC", username: "good", password: "p" },
    ],
    ["/auth/unauthenticated/plain", undefined, "", { type: "NONE" }],
    [
      "/auth/tba/tba",
      { token_id: "i", token_secret: "s", oauth_client_id_override: "c", oauth_client_secret_override: "d" },
      "&params[accountId]=123",
      { type: "TBA", token_id: "i", token_secret: "s", config_override: { client_id: "c", client_secret: "d" } },
    ],
    ["/auth/two-step/steps", { type: "TWO_STEP", login: "good" }, "", { type: "TWO_STEP", login: "good", token: "t1" }],
    [
      "/oauth2/auth/client",
      { client_id: "good", client_secret: "s" },
      "",
      { type: "OAUTH2_CC", client_id: "good", client_secret: "s", token: "t1" },
    ],
  ];
  for (const [target, body, query, credentials] of cases) {
    await t.test(target, async () => {
      const token = await api.newToken();
      const { status, body: made, text } = await api.post(target, token, body, query);
      assert.equal(status, 200, text);
      const integration = target.split("/").at(-1) as string;
      assert.deepEqual(Object.keys(made).sort(), ["connectionId", "providerConfigKey"]);
      assert.equal(made.providerConfigKey, integration);
      const [opened] = await api.db.query(
        "select n.id, n.end_user ->> 'id' as end_user from syncline.connections n where n.connection_id = $1",
        [made.connectionId],
      );
      assert.equal(opened?.end_user, "u1");
      const kept = await openConnection({ pool: api.db.pool, keys: api.keys }, opened?.id as number);
      assert.deepEqual({ ...kept.credentials, ...credentials }, kept.credentials);
      const again = await api.post(target, token, body, query);
      assert.deepEqual([again.status, again.body.error.code], [401, "unknown_connect_session_token"]);
    });
  }
});

test("what is wrong is named, and the session goes on until it has made a connection", async (t) => {
  const api = await setUp(t);
  const token = await api.newToken({ allowed_integrations: ["keyed", "popup", "steps", "client", "tba", "hosted"] });
  const refused = async (target: string, body?: object, query = "") => {
    const { status, body: answer } = await api.post(target, token, body, query);
    const fields = (answer.error.errors ?? []).map(({ path }: { path: string[] }) => path.join("."));
    return `${[status, answer.error.code, ...fields].join(" ")}`;
  };
  const keyed = "/api-auth/api-key/keyed";
  const fine = "&params[subdomain]=acme";
  const key = { apiKey: "good-1" };

  assert.equal(await refused("/api-auth/api-key/nobody", key), "404 unknown_provider_config");
  assert.equal(await refused("/api-auth/basic/named", {}), "400 integration_not_allowed");
  assert.equal(await refused("/api-auth/basic/keyed", {}), "400 invalid_auth_mode");
  assert.equal(await refused("/api-auth/api-key/popup", key), "400 invalid_auth_mode");
  assert.equal(await refused("/auth/oauth-outbound/popup"), "400 invalid_auth_mode");
  assert.equal(await refused(keyed, {}, fine), "400 invalid_body apiKey");
  assert.equal(await refused(keyed, { apiKey: "Not so" }, fine), "400 invalid_body apiKey");
  assert.equal(await refused(keyed, { ...key, more: 1 }, fine), "400 invalid_body ");
  assert.equal(await refused(keyed, key), "400 invalid_query_params params.subdomain");
  assert.equal(
    await refused(keyed, key, "&params[subdomain]=a.evil&params[region]=mars"),
    "400 invalid_query_params params.subdomain params.region",
  );
  for (const site of ["localhost", "https://", "ftp://acme.example"])
    assert.equal(await refused(keyed, key, `${fine}&params[site]=${site}`), "400 invalid_query_params params.site");
  assert.equal(await refused(keyed, { apiKey: "bad-1" }, fine), "400 connection_test_failed");
  assert.equal(await refused(keyed, key, `${fine}&connection_id=mine`), "400 invalid_query_params connection_id");
  assert.equal(
    await refused("/auth/two-step/steps", { type: "TWO_STEP", login: "good", token: "x" }),
    "400 invalid_body token",
  );
  assert.equal(await refused("/auth/two-step/steps", { type: "TWO_STEP" }), "400 invalid_body login");
  assert.equal(
    await refused("/auth/unauthenticated/hosted", undefined, "&params[subdomain]=evil.example/"),
    "400 invalid_connection_config",
  );
  const wrongClient = { client_id: "bad", client_secret: "s" };
  assert.equal(await refused("/oauth2/auth/client", wrongClient), "400 connection_test_failed");
  const large = { client_id: "good, but large", client_secret: "s" };
  assert.equal(
    await refused("/oauth2/auth/client", large),
    "400 connection_test_failed",
    "an answer has a megabyte at most",
  );
  assert.equal(await refused("/oauth2/auth/client", {}), "400 invalid_body client_id");
  assert.equal(
    await refused("/auth/tba/tba", { token_id: "i", token_secret: "s" }),
    "400 invalid_query_params params.accountId",
  );
  const { body } = await api.post(keyed, token, { apiKey: "Not so" }, fine);
  assert.equal(body.error.message, "apiKey must be like good-1.");

  const made = await api.post(keyed, token, key, `${fine}&public_key=x&hmac=y&user_scope=a,b&params[found]=x`);
  assert.equal(made.status, 200, made.text);
  const connection = await api.must("GET", `/connections/${made.body.connectionId}?provider_config_key=keyed`);
  assert.deepEqual(connection.connection_config, { subdomain: "acme", region: "eu" }, "what is found is not claimed");
});

test("without the token of a session that goes on nothing is made", async (t) => {
  const api = await setUp(t, { requestsPerMinute: 5_000 });
  const at = "/auth/unauthenticated/plain";
  const code = async (query: string, key: string | null = null) => {
    const { status, body } = await api.call("POST", at + query, { key });
    return `${status} ${body.error.code}`;
  };
  assert.equal(await code(""), "401 missing_connect_session_token");
  assert.equal(await code("", DEV_KEY), "401 missing_connect_session_token");
  assert.equal(await code("?public_key=p&connection_id=c"), "401 deprecated_authentication");
  assert.equal(await code("?connect_session_token=x"), "401 invalid_connect_session_token_format");
  const unknown = `?connect_session_token=nango_connect_session_${"0".repeat(64)}`;
  assert.equal(await code(unknown), "401 unknown_connect_session_token");
  const token = await api.newToken();
  await api.db.clock.forward("31 min");
  assert.equal(await code(`?connect_session_token=${token}`), "401 unknown_connect_session_token");
  for (let guesses = 0; guesses < 100; guesses++) await code(unknown);
  assert.equal(await code(unknown), "429 too_many_request");
});

test("a reconnect asks only for what the connection has not, and keeps its id", async (t) => {
  const api = await setUp(t);
  const credentials = { type: "API_KEY", apiKey: "good-1" };
  const pair = { provider_config_key: "keyed", connection_id: "one" };
  await api.must("POST", "/connections", { body: { ...pair, credentials, connection_config: { subdomain: "acme" } } });
  const body = { connection_id: "one", integration_id: "keyed" };
  const { token } = (await api.must("POST", "/connect/sessions/reconnect", { body })).data;
  const made = await api.post("/api-auth/api-key/keyed", token, { apiKey: "good-2" });
  assert.deepEqual(made.body, { connectionId: "one", providerConfigKey: "keyed" });
  const renewed = await api.must("GET", "/connections/one?provider_config_key=keyed");
  assert.equal(renewed.credentials.apiKey, "good-2");
  assert.equal(renewed.connection_config.subdomain, "acme");
});
