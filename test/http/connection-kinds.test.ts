// /connections by kind of credentials: what can be imported, how it is kept and shown, and what happens where a token is
// to be obtained.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { json, startServer } from "../outbound/server.ts";
import { oauthFields, oauthSignature } from "../outbound/signatures.ts";
import { of, type TestApi, testApi } from "./api.ts";

const KINDS = ["OAUTH2", "OAUTH2_CC", "OAUTH1", "API_KEY", "BASIC", "TBA", "APP", "CUSTOM", "NONE", "JWT", "TWO_STEP"];
const BASE = { base_url: `$\{connectionConfig.baseUrl}` };
const nameOf = (kind: string): string => `kind-${kind.toLowerCase()}`;

const verifying = (headers: Record<string, string>) => ({
  ...BASE,
  headers,
  verification: {
    method: "GET",
    endpoints: ["/me?x=1", `/teams/$\{connectionConfig.team}`],
    headers: { "x-test": "1" },
  },
});

const catalogueOf = (token_url: string) => ({
  ...Object.fromEntries(
    KINDS.map((kind) => [nameOf(kind), { display_name: `Kind ${kind}`, auth_mode: kind, proxy: BASE, token_url }]),
  ),
  tested: { display_name: "Tested", auth_mode: "API_KEY", proxy: verifying({ "x-key": `$\{apiKey}` }) },
  "tested-tba": { display_name: "Tested TBA", auth_mode: "TBA", proxy: verifying({}) },
});

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const OF_APP = { app_id: "7", app_link: "https://acme.example/apps/7", private_key: privateKey };
const INTEGRATED: Record<string, object> = {
  "kind-oauth2": { type: "OAUTH2", client_id: "c", client_secret: "secret of the client", scopes: "" },
  "kind-app": { type: "APP", ...OF_APP },
  "kind-custom": { type: "CUSTOM", client_id: "c", client_secret: "s", ...OF_APP },
};

const start = async (t: TestContext, tokenUrl: string): Promise<TestApi> => {
  const catalogue = catalogueOf(tokenUrl);
  const folder = await mkdtemp(path.join(os.tmpdir(), "syncline-kinds-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "catalogue.json");
  await writeFile(file, JSON.stringify(catalogue));
  const api = await testApi(t, { catalogueFiles: [file] });
  for (const provider of Object.keys(catalogue))
    await api.integrate(provider, { body: { provider, unique_key: provider, credentials: INTEGRATED[provider] } });
  return api;
};

const installation = { app_id: "7", installation_id: "8" };
const client = { client_id: "client", client_secret: "client secret" };

test("connections by kind", async (t) => {
  let tokens: { status: number; body: object } = { status: 400, body: { error: "invalid_grant" } };
  const server = await startServer(t, (_seen, response) => json(response, tokens.status, tokens.body));
  const give = (token: string) => {
    tokens = { status: 200, body: { access_token: token, expires_in: 3600 } };
  };
  const refuse = () => {
    tokens = { status: 400, body: { error: "invalid_grant" } };
  };
  const api = await start(t, `${server.url}/token`);
  const get = (kind: string, id = "one", query = "") =>
    api.call("GET", `/connections/${id}?provider_config_key=${nameOf(kind)}${query}`);
  const add = (kind: string, credentials: object, extra: object = {}) =>
    api.call("POST", "/connections", {
      body: {
        provider_config_key: nameOf(kind),
        connection_id: "one",
        credentials: { type: kind, ...credentials },
        ...extra,
      },
    });
  const refused = async (kind: string, credentials: object, extra: object = {}) => {
    const { status, body } = await add(kind, credentials, extra);
    assert.deepEqual([status, body.error.code], [400, "invalid_body"], JSON.stringify(credentials));
    return body.error.errors[0].path.join(".");
  };

  await t.test("what is complete is shown as it came, and rests sealed", async () => {
    const connection_config = { accountId: "1_SB1" };
    const cases: [string, object, object][] = [
      ["OAUTH2", { access_token: "hush", config_override: client }, { raw: { access_token: "hush" } }],
      ["OAUTH2_CC", { ...client, token: "hush" }, { raw: { token: "hush" } }],
      ["OAUTH1", { oauth_token: "hush", oauth_token_secret: "s", raw: { user: 1 } }, {}],
      ["API_KEY", { apiKey: "hush" }, {}],
      ["BASIC", { username: "u", password: "hush" }, {}],
      ["TBA", { token_id: "i", token_secret: "hush" }, {}],
    ];
    for (const [kind, credentials, added] of cases) {
      const made = await add(kind, credentials, { connection_config });
      assert.equal(made.status, 201, made.text);
      const expected = { type: kind, ...credentials, ...added };
      assert.deepEqual(made.body.credentials, expected);
      assert.deepEqual((await get(kind)).body.credentials, expected);
    }
    assert.equal((await add("NONE", {})).status, 201);
    assert.deepEqual((await get("NONE")).body.credentials, {});
    const sealed = await api.db.query("select credentials_sealed from syncline.connections");
    assert.equal(sealed.length, cases.length + 1);
    for (const row of sealed) assert.doesNotMatch(row.credentials_sealed.toString("latin1"), /hush/);
  });

  await t.test("a token ends when it says, or as many seconds from now as it says", async () => {
    const before = Date.now();
    const made = await add("OAUTH2_CC", { ...client, token: "t", expires_in: 60 });
    const { expires_at, raw, ...rest } = made.body.credentials;
    assert.deepEqual(rest, { type: "OAUTH2_CC", ...client, token: "t" });
    assert.deepEqual(raw, { token: "t", expires_at });
    assert.ok(Math.abs(Date.parse(expires_at) - before - 60_000) < 10_000, expires_at);
  });

  await t.test("a token that is lacking is obtained first: where none is given, nothing is made", async () => {
    const cases: [string, object, (credentials: Record<string, string>) => unknown][] = [
      ["OAUTH2_CC", client, ({ token }) => token],
      ["APP", installation, ({ access_token }) => access_token],
      ["CUSTOM", installation, ({ access_token }) => access_token],
    ];
    const asked = server.requests.length;
    for (const [kind, credentials, tokenOf] of cases) {
      refuse();
      const failed = await api.call("POST", "/connections", {
        body: {
          provider_config_key: nameOf(kind),
          connection_id: "lacking",
          credentials: { type: kind, ...credentials },
        },
      });
      assert.deepEqual([failed.status, failed.body.error.code], [400, "connection_test_failed"], failed.text);
      assert.match(failed.body.error.message, /gave no token, status 400: invalid_grant/);
      assert.equal((await get(kind, "lacking")).status, 404);
      give(`token of ${kind}`);
      assert.equal(tokenOf((await add(kind, credentials)).body.credentials), `token of ${kind}`);
      assert.equal(tokenOf((await get(kind)).body.credentials), `token of ${kind}`);
    }
    assert.equal(server.requests.length - asked, 2 * cases.length);
  });

  await t.test("an app's installation is in the config too, where webhooks look for it", async () => {
    give("installed");
    const { body } = await add("APP", installation, { connection_config: { org: "x" } });
    assert.deepEqual(body.connection_config, { ...installation, org: "x" });
    assert.partialDeepStrictEqual(body.credentials, { type: "APP", ...installation, access_token: "installed" });
  });

  await t.test("who asks for a new token gets one, or is told why not and gets no old one for it", async () => {
    await add("OAUTH2", { access_token: "hush old", refresh_token: "hush again" });
    refuse();
    const forced = await get("OAUTH2", "one", "&force_refresh=true");
    assert.deepEqual([forced.status, forced.body.error.code], [400, "invalid_credentials"]);
    assert.match(forced.body.error.message, /invalid_grant/);
    assert.doesNotMatch(forced.text, /hush/);
    const { connection } = forced.body.error.payload;
    assert.deepEqual([connection.connection_id, connection.credentials], ["one", undefined]);
    assert.equal(connection.errors[0].type, "auth");
    assert.equal((await get("OAUTH2", "one", "&refresh_github_app_jwt_token=true")).status, 200);
    give("new");
    const renewed = (await get("OAUTH2", "one", "&force_refresh=true")).body;
    assert.deepEqual([renewed.credentials.access_token, renewed.errors], ["new", []]);
    const withToken = await get("OAUTH2", "one", "&refresh_token=true");
    assert.equal(withToken.body.credentials.refresh_token, "hush again");
    const before = (await get("APP")).body.credentials.jwtToken;
    give("of another jwt");
    const app = (await get("APP", "one", "&refresh_github_app_jwt_token=true")).body.credentials;
    assert.equal(app.access_token, "of another jwt");
    assert.equal(typeof before, "string");
    const asked = server.requests.length;
    await add("OAUTH2", { access_token: "t" });
    assert.equal((await get("OAUTH2", "one", "&force_refresh=true")).body.credentials.access_token, "t");
    assert.equal((await get("API_KEY", "one", "&force_refresh=true")).body.credentials.apiKey, "hush");
    assert.equal(server.requests.length, asked);
  });

  await t.test("an import is refused by the field that is wrong", async () => {
    assert.equal(await refused("JWT", { token: "t" }), "credentials.type");
    assert.equal(await refused("TWO_STEP", { token: "t" }), "credentials.type");
    assert.equal(await refused("BASIC", { type: "API_KEY", apiKey: "k" }), "credentials.type");
    assert.equal(await refused("TBA", { token_id: "i", token_secret: "s" }), "connection_config.accountId");
    assert.equal(
      await refused("TBA", { token_id: "i", token_secret: "s" }, { connection_config: { accountId: "" } }),
      "connection_config.accountId",
    );
    assert.equal(await refused("OAUTH1", { oauth_token: "t" }), "credentials.oauth_token_secret");
    assert.equal(await refused("OAUTH2_CC", { token: "t" }), "credentials.client_id");
    assert.equal(await refused("APP", { app_id: "7" }), "credentials.installation_id");
    assert.equal(await refused("API_KEY", { apiKey: "k".repeat(1025) }), "credentials.apiKey");
    assert.equal(await refused("OAUTH2", { access_token: "t", expires_at: "soon" }), "credentials.expires_at");
    assert.equal(await refused("NONE", { extra: 1 }), "credentials");
  });

  await t.test("requests of OAuth 1 and NetSuite connections are signed with the integration's client", async () => {
    const provider = await startServer(t, (_seen, response) => response.end("ok"));
    const config = { baseUrl: provider.url, accountId: "1_SB1" };
    await add("OAUTH1", { oauth_token: "t", oauth_token_secret: "s" }, { connection_config: config });
    await add("TBA", { token_id: "t", token_secret: "s" }, { connection_config: config });
    for (const [kind, hash] of [
      ["OAUTH1", "sha1"],
      ["TBA", "sha256"],
    ] as const) {
      const ask = () => api.call("GET", "/proxy/list?a=1&b=x%20y", { headers: of(nameOf(kind), "one") });
      assert.equal((await ask()).body.error.code, "invalid_credentials");
      await api.must("PATCH", `/integrations/${nameOf(kind)}`, { body: { credentials: { type: kind, ...client } } });
      assert.equal((await ask()).text, "ok");
      const seen = provider.requests.at(-1)!;
      const { oauth_signature, realm } = oauthFields(seen);
      assert.equal(oauth_signature, oauthSignature(seen, provider.url, hash, ["client secret", "s"]));
      assert.equal(realm, kind === "TBA" ? "1_SB1" : undefined);
    }
    assert.equal(provider.requests.length, 2);
  });

  await t.test("where the provider's entry says how, keys are tested before anything is kept", async () => {
    const provider = await startServer(t, ({ url, headers }, response) => {
      const isGood = headers["x-key"] === "good" || (headers["x-key"] === "narrow" && url === "/teams/a");
      response.writeHead(isGood && headers["x-test"] === "1" ? 200 : 403).end();
    });
    const connection_config = { baseUrl: provider.url, team: "a" };
    const key = (apiKey: string, extra: object = { connection_config }) =>
      api.call("POST", "/connections", {
        body: {
          provider_config_key: "tested",
          connection_id: "one",
          credentials: { type: "API_KEY", apiKey },
          ...extra,
        },
      });
    const bad = await key("bad");
    assert.deepEqual([bad.status, bad.body.error.code], [400, "connection_test_failed"]);
    assert.match(bad.body.error.message, /Tested answered 403/);
    assert.equal((await api.call("GET", "/connections/one?provider_config_key=tested")).status, 404);
    assert.deepEqual(
      provider.requests.map(({ url }) => url),
      ["/me?x=1", "/teams/a"],
    );
    assert.equal((await key("narrow")).status, 201);
    assert.equal((await key("bad", {})).body.error.code, "connection_test_failed");
    assert.equal((await key("good", {})).status, 201);
    const kept = await api.must("GET", "/connections/one?provider_config_key=tested");
    assert.deepEqual([kept.credentials.apiKey, kept.connection_config], ["good", connection_config]);
    const nowhere = await key("good", { connection_config: { baseUrl: "http://127.0.0.1:1", team: "a" } });
    assert.match(nowhere.body.error.message, /could not be tested.*ECONNREFUSED/);
    const tba = { type: "TBA", token_id: "t", token_secret: "s" };
    const body = {
      provider_config_key: "tested-tba",
      credentials: tba,
      connection_config: { ...connection_config, accountId: "1" },
    };
    const unsigned = await api.call("POST", "/connections", { body });
    assert.match(unsigned.body.error.message, /signed with the integration's client, and it has none/);
  });
});
