// Promise: an app proves itself by a JWT that its public key verifies; neither part of a combined connection loses the other's.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { type TestContext, test } from "node:test";
import { jwtVerify } from "jose";
import { obtain } from "../../../src/auth/obtain.ts";
import { hasCode } from "../../../src/errors.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { json, startServer } from "../../outbound/server.ts";
import { at, contextOf, NOW, v } from "./world.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const CLIENT = {
  app_id: "1234",
  private_key: privateKey.export({ type: "pkcs1", format: "pem" }) as string,
  client_id: "user client",
  client_secret: "user secret",
};
const APP: Credentials = { type: "APP", app_id: "1234", installation_id: "77", access_token: "old", expires_at: at(0) };

/** As GitHub: installation tokens for a JWT that the app's public key verifies, and tokens of users. */
const startGitHub = async (t: TestContext, over: { app?: number; user?: number } = {}) => {
  const order: string[] = [];
  const server = await startServer(t, async (seen, response) => {
    order.push(seen.url);
    if (seen.url === "/login/oauth/access_token") {
      const status = over.user ?? 200;
      const body = { access_token: "new user", refresh_token: "new refresh", expires_in: 28_800 };
      return json(response, status, status === 200 ? body : { error: "bad_refresh_token" });
    }
    const { method, headers } = seen;
    const bearer = headers.authorization?.replace(/^Bearer /, "") ?? "";
    const verified = await jwtVerify(bearer, publicKey, {
      issuer: "1234",
      algorithms: ["RS256"],
      currentDate: new Date(NOW),
      maxTokenAge: "61 s",
    }).catch((error: Error) => error);
    if (verified instanceof Error || method !== "POST") return json(response, 401, { message: String(verified) });
    const { iat = 0, exp = 0 } = verified.payload;
    if (exp - iat > 600) return json(response, 401, { message: "too long" });
    if (over.app !== undefined) return json(response, over.app, { message: `No ${bearer}` });
    json(response, 201, { token: "ghs_new", expires_at: "2026-03-01T13:00:00Z", permissions: { issues: "read" } });
  });
  const token_url = `${server.url}/app/installations/${v("connectionConfig.installation_id")}/access_tokens`;
  return { ...server, order, token_url, user_url: `${server.url}/login/oauth/access_token` };
};

test("APP: the app's JWT is verified by its public key alone, and brings the installation's token", async (t) => {
  const server = await startGitHub(t);
  const { credentials } = await obtain(
    contextOf({ auth_mode: "APP", token_url: server.token_url }, APP, { client: CLIENT }),
  );
  assert.equal(server.requests[0]?.url, "/app/installations/77/access_tokens");
  assert.ok(credentials.type === "APP");
  const { jwtToken, raw, ...rest } = credentials;
  assert.deepEqual(rest, { ...APP, access_token: "ghs_new", expires_at: at(3_600_000) });
  assert.deepEqual(raw?.permissions, { issues: "read" });
  assert.equal(server.requests[0]?.headers.authorization, `Bearer ${jwtToken}`);
});

test("APP: a key that is none is said without showing it, and a refusal without the JWT", async (t) => {
  const server = await startGitHub(t, { app: 404 });
  const ask = (client: typeof CLIENT) =>
    obtain(contextOf({ auth_mode: "APP", token_url: server.token_url }, APP, { client }));
  await assert.rejects(ask({ ...CLIENT, private_key: "my secret words" }), (error: Error) => {
    assert.ok(hasCode(error, "invalid_credentials"));
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  await assert.rejects(ask(CLIENT), (error: Error) => {
    assert.ok(hasCode(error, "refresh_token_external_error"));
    assert.equal(error.message, "Test gave no token, status 404: (No ***)");
    return true;
  });
});

const custom = (user: object | null): Credentials =>
  ({ type: "CUSTOM", app: APP, user: user && { type: "OAUTH2", access_token: "old user", ...user } }) as Credentials;

test("CUSTOM: both parts are renewed, the user's only when it ends soon and after the app's", async (t) => {
  const server = await startGitHub(t);
  const token_url = { APP: server.token_url, OAUTH2: server.user_url };
  const ask = async (given: Credentials) => {
    server.order.length = 0;
    const { credentials } = await obtain(contextOf({ auth_mode: "CUSTOM", token_url }, given, { client: CLIENT }));
    assert.ok(credentials.type === "CUSTOM");
    assert.equal(credentials.app.access_token, "ghs_new");
    return [credentials.user?.access_token, credentials.user?.refresh_token, server.order.length];
  };
  const soon = { refresh_token: "r", expires_at: at(60_000) };
  assert.deepEqual(await ask(custom(soon)), ["new user", "new refresh", 2]);
  assert.deepEqual(server.order, ["/app/installations/77/access_tokens", "/login/oauth/access_token"]);
  assert.deepEqual(await ask(custom({ refresh_token: "r", expires_at: at(8 * 3_600_000) })), ["old user", "r", 1]);
  assert.deepEqual(await ask(custom({})), ["old user", undefined, 1]);
  assert.deepEqual(await ask(custom(null)), [undefined, undefined, 1]);
});

test("CUSTOM: while the app is refused, the user's refresh token is not spent", async (t) => {
  const server = await startGitHub(t, { app: 403 });
  const token_url = { APP: server.token_url, OAUTH2: server.user_url };
  const given = custom({ refresh_token: "r", expires_at: at(60_000) });
  await assert.rejects(obtain(contextOf({ auth_mode: "CUSTOM", token_url }, given, { client: CLIENT })));
  assert.deepEqual(server.order, ["/app/installations/77/access_tokens"]);
});
