// Promise: a refresh asks as the provider's entry says, reads whatever providers answer, and no refusal tells a secret.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exchangeCode } from "../../../src/auth/kinds/oauth2.ts";
import { obtain } from "../../../src/auth/obtain.ts";
import { type AppError, hasCode } from "../../../src/errors.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { json, startServer } from "../../outbound/server.ts";
import { at, contextOf, v } from "./world.ts";

const OLD: Credentials = { type: "OAUTH2", access_token: "old token", refresh_token: "old-refresh-token" };
const CLIENT = { client_id: "client id", client_secret: "cl%ient+se/cret=" };

const entry = (token_url: string, over: object = {}) => ({ auth_mode: "OAUTH2", token_url, ...over });

const refusalOf = async (promise: Promise<unknown>): Promise<AppError> => {
  const error = await promise.then(
    () => assert.fail("it was not refused"),
    (refused: unknown) => refused,
  );
  assert.ok(hasCode(error, "refresh_token_external_error"), String(error));
  return error;
};

test("the client stands in the body unless the entry says otherwise; its header reads the same for those who decode it", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, { access_token: "new" }));
  const ask = async (over: object) => {
    await obtain(contextOf(entry(server.url, over), OLD, { client: CLIENT }));
    const { headers, body } = server.requests.at(-1)!;
    return { headers, form: Object.fromEntries(new URLSearchParams(body.toString())) };
  };
  const grant = { grant_type: "refresh_token", refresh_token: "old-refresh-token" };
  assert.deepEqual((await ask({})).form, { ...grant, ...CLIENT });
  for (const over of [{ token_request_auth_method: "basic" }, { authorization_method: "header" }]) {
    const { headers, form } = await ask(over);
    assert.deepEqual(form, grant);
    const [id, secret] = Buffer.from(headers.authorization!.slice("Basic ".length), "base64").toString().split(":");
    const decoded = [id, secret].map((part) => decodeURIComponent(part!.replaceAll("+", " ")));
    assert.deepEqual(decoded, [CLIENT.client_id, CLIENT.client_secret]);
    assert.match(secret!, /\/cret=$/);
  }
});

test("JSON, queries, other endpoints, headers and parameters are as the entry has them, filled for the connection", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, { access_token: "new" }));
  const ask = async (over: object) => {
    const connectionConfig = { host: server.url, area: "eu" };
    await obtain(
      contextOf(entry(`${v("connectionConfig.host")}/token`, over), OLD, { client: CLIENT, connectionConfig }),
    );
    return server.requests.at(-1)!;
  };
  const refresh_params = {
    type: "refresh",
    grant_type: "refresh_token",
    area: v("connectionConfig.area"),
    not: v("metadata.x"),
  };
  const plain = await ask({
    refresh_params,
    token_params: { never: "sent" },
    token_headers: { "X-Area": v("connectionConfig.area") },
  });
  assert.equal(plain.url, "/token");
  assert.equal(plain.headers["x-area"], "eu");
  const form = new URLSearchParams(plain.body.toString());
  assert.deepEqual(
    [form.get("type"), form.get("area"), form.has("not"), form.has("never")],
    ["refresh", "eu", false, false],
  );
  const asJson = await ask({ body_format: "json", refresh_params: { expires_in: 1800 } });
  assert.equal(asJson.headers["content-type"], "application/json");
  assert.equal(JSON.parse(asJson.body.toString()).expires_in, 1800);
  const elsewhere = await ask({
    refresh_url: `${v("connectionConfig.host")}/renew?refresh`,
    token_request_method: "GET",
  });
  assert.match(elsewhere.url, /^\/renew\?refresh=&grant_type=refresh_token&refresh_token=old-refresh-token&client_id=/);
  assert.equal(elsewhere.body.length, 0);
});

test("answers are read in all the forms that providers have for them", async (t) => {
  let says = "";
  const server = await startServer(t, (_seen, response) => void response.end(says));
  const read = async (text: string, over: object = {}) => {
    says = text;
    const { credentials, connectionConfig } = await obtain(contextOf(entry(server.url, over), OLD, { client: CLIENT }));
    const { raw: _raw, type: _type, ...tokens } = credentials as Extract<Credentials, { type: "OAUTH2" }>;
    return { ...tokens, connectionConfig };
  };
  const kept = { refresh_token: "old-refresh-token", connectionConfig: {} };
  const cases: [string, object, object?][] = [
    ['{"access_token":"a","expires_in":3600}', { ...kept, access_token: "a", expires_at: at(3_600_000) }],
    [
      '{"access_token":"a","expires_in":"60","refresh_token":"b"}',
      { connectionConfig: {}, access_token: "a", refresh_token: "b", expires_at: at(60_000) },
    ],
    ["access_token=a&expires_in=60&scope=x%20y", { ...kept, access_token: "a", expires_at: at(60_000) }],
    ['{"data":{"access_token":"a","expires_in":60}}', { ...kept, access_token: "a", expires_at: at(60_000) }],
    [
      '{"access_token":"a","expires_at":"2026-03-02T00:00:00Z"}',
      { ...kept, access_token: "a", expires_at: "2026-03-02T00:00:00.000Z" },
    ],
    [
      '{"access_token":"a","expires_at":1772409600,"expires_in":1}',
      { ...kept, access_token: "a", expires_at: "2026-03-02T00:00:00.000Z" },
    ],
    ['{"access_token":"a","expires_in":0}', { ...kept, access_token: "a" }],
    [
      '{"access_token":"a","expires_in":60000}',
      { ...kept, access_token: "a", expires_at: at(60_000) },
      { expires_in_unit: "milliseconds" },
    ],
    ['{"access_token":"a"}', { ...kept, access_token: "a", expires_at: at(5000) }, { token_expires_in_ms: 5000 }],
    [
      '{"ok":true,"authed_user":{"access_token":"u","refresh_token":"r"},"team":{"id":"T1"},"bot_user_id":null}',
      { access_token: "u", refresh_token: "r", connectionConfig: { "team.id": "T1", bot_user_id: null } },
      {
        alternate_access_token_response_path: "authed_user",
        token_response_metadata: ["team.id", "bot_user_id", "hook.url"],
      },
    ],
  ];
  for (const [text, expected, over] of cases) assert.deepEqual(await read(text, over), expected, text);
});

test("a refusal is one whatever its status, says whether it is final, and never holds a secret", async (t) => {
  let answer: [number, string] = [400, ""];
  const server = await startServer(t, (_seen, response) => void response.writeHead(answer[0]).end(answer[1]));
  const context = contextOf(entry(server.url), OLD, { client: CLIENT });
  const cases: [[number, string], object][] = [
    [[400, '{"error":"invalid_grant"}'], { isFinal: true, status: 400, error: "invalid_grant" }],
    [[200, '{"ok":false,"error":"token_revoked"}'], { isFinal: true, status: 200, error: "token_revoked" }],
    [[200, "error=bad_refresh_token&error_description=x"], { isFinal: true, status: 200, error: "bad_refresh_token" }],
    [[503, "<html>"], { isFinal: false, status: 503, error: null }],
    [[200, "{}"], { isFinal: false, status: 200, error: null }],
    [[429, '{"error":{"type":"slow_down"}}'], { isFinal: false, status: 429, error: "slow_down" }],
  ];
  for (const [given, payload] of cases) {
    answer = given;
    assert.deepEqual((await refusalOf(obtain(context))).payload, payload, given[1]);
  }
  const echo = JSON.stringify({
    error: `${CLIENT.client_secret}!`,
    error_description: `no old-refresh-token, ${encodeURIComponent(CLIENT.client_secret)}`,
  });
  answer = [401, echo];
  const { message, payload } = await refusalOf(obtain(context));
  assert.equal(message, "Test gave no token, status 401: ***! (no ***, ***)");
  assert.deepEqual(payload, { isFinal: false, status: 401, error: "***!" });
});

test("a provider that cannot be reached is no final refusal", async (t) => {
  const server = await startServer(t, (_seen, response) => void response.destroy());
  const { payload } = await refusalOf(obtain(contextOf(entry(server.url), OLD, { client: CLIENT })));
  assert.deepEqual(payload, { isFinal: false, status: null, error: "ECONNRESET" });
});

test("a connection's own client asks in place of the integration's, with nothing of its secret", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, { access_token: "new" }));
  for (const config_override of [{ client_id: "own", client_secret: "own secret" }, { client_id: "own" }]) {
    const credentials = { ...OLD, config_override } as Credentials;
    const { credentials: renewed } = await obtain(contextOf(entry(server.url), credentials, { client: CLIENT }));
    const form = new URLSearchParams(server.requests.at(-1)!.body.toString());
    assert.deepEqual(
      [form.get("client_id"), form.get("client_secret")],
      ["own", config_override.client_secret ?? null],
    );
    assert.deepEqual(renewed, { ...OLD, access_token: "new", raw: { access_token: "new" }, config_override });
  }
});

test("an MCP server is asked where its metadata said, for the resource that the tokens are for", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, { access_token: "new" }));
  const connectionConfig = {
    token_endpoint: `${server.url}/found`,
    token_endpoint_auth_method: "client_secret_basic",
    resource: "https://mcp.example.com/",
  };
  const credentials: Credentials = { ...OLD, config_override: { client_id: "registered", client_secret: "its own" } };
  const context = contextOf({ auth_mode: "MCP_OAUTH2_GENERIC" }, credentials, { connectionConfig });
  await obtain(context);
  await exchangeCode(
    context,
    { code: "c", redirectUri: "https://us.example.com/cb", codeVerifier: "v" },
    { client_id: "public" },
  );
  const [refresh, exchange] = server.requests;
  assert.equal(refresh?.url, "/found");
  assert.match(refresh?.headers.authorization ?? "", /^Basic /);
  assert.equal(new URLSearchParams(refresh?.body.toString()).get("resource"), "https://mcp.example.com/");
  assert.deepEqual(Object.fromEntries(new URLSearchParams(exchange?.body.toString())), {
    grant_type: "authorization_code",
    code: "c",
    redirect_uri: "https://us.example.com/cb",
    code_verifier: "v",
    resource: "https://mcp.example.com/",
    client_id: "public",
  });
});
