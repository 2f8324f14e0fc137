// Promise: client credentials are taken by a certified OpenID server, whichever way the client proves itself.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { exportJWK } from "jose";
import { Provider } from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
import { obtain } from "../../../src/auth/obtain.ts";
import { hasCode } from "../../../src/errors.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { startOidc } from "../../helpers/oidc.ts";
import { json, startServer } from "../../outbound/server.ts";
import { at, contextOf, NOW, v } from "./world.ts";

type ClientCredentials = Extract<Credentials, { type: "OAUTH2_CC" }>;

const SECRET = "a+b/c=% d: and at least thirty-two bytes";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (type: "pkcs1" | "pkcs8" | "sec1", key = rsa.privateKey) => key.export({ type, format: "pem" }) as string;

const clientOf = (client_id: string, token_endpoint_auth_method: string, more: object) => ({
  client_id,
  token_endpoint_auth_method,
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  scope: "read write",
  ...more,
});

const startIssuer = async (t: TestContext): Promise<string> => {
  let provider: Provider | undefined;
  const server = createServer((req, res) => void provider!.callback()(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jwks = async (key: typeof rsa.publicKey, alg: string) => ({
    keys: [{ ...(await exportJWK(key)), alg, kid: "k1" }],
  });
  provider = new Provider(issuer, {
    adapter: createMemoryAdapter(),
    clients: [
      clientOf("post", "client_secret_post", { client_secret: SECRET }),
      clientOf("basic", "client_secret_basic", { client_secret: SECRET }),
      clientOf("rsa", "private_key_jwt", { jwks: await jwks(rsa.publicKey, "RS256") }),
      clientOf("ec", "private_key_jwt", {
        jwks: await jwks(ec.publicKey, "ES256"),
        token_endpoint_auth_signing_alg: "ES256",
      }),
    ],
    jwks: { keys: [{ ...(await exportJWK(rsa.privateKey)), alg: "RS256", use: "sig" }] },
    cookies: { keys: ["x"] },
    scopes: ["read", "write"],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    interactions: { url: () => "/none" },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    ttl: { ClientCredentials: 600 },
  });
  return `${issuer}/token`;
};

const entry = (token_url: string, over: object = {}) => ({
  auth_mode: "OAUTH2_CC",
  token_url,
  token_params: { grant_type: "client_credentials" },
  ...over,
});

test("a certified server takes secrets in body and header, and assertions signed with RSA and EC keys of any form", async (t) => {
  const url = await startIssuer(t);
  const jwk = JSON.stringify({ ...rsa.privateKey.export({ format: "jwk" }), kid: "k1" });
  const byKey = { token_request_auth_method: "private_key_jwt" };
  const oneLine = pem("pkcs1").replaceAll("\n", "\\n");
  const cases: [Partial<ClientCredentials>, object][] = [
    [{ client_id: "post", client_secret: SECRET }, {}],
    [{ client_id: "basic", client_secret: SECRET }, { token_request_auth_method: "basic" }],
    [{ client_id: "basic", client_secret: SECRET }, { authorization_method: "header" }],
    [{ client_id: "rsa", client_private_key: pem("pkcs8") }, byKey],
    [{ client_id: "rsa", client_private_key: pem("pkcs8").replaceAll("\n", " ") }, byKey],
    [{ client_id: "rsa", client_private_key: oneLine }, byKey],
    [{ client_id: "rsa", client_private_key: Buffer.from(pem("pkcs1")).toString("base64") }, byKey],
    [{ client_id: "rsa", client_private_key: jwk }, byKey],
    [{ client_id: "ec", client_private_key: pem("sec1", ec.privateKey) }, byKey],
  ];
  for (const [fields, over] of cases) {
    const given = { type: "OAUTH2_CC", ...fields } as ClientCredentials;
    const now = Date.now();
    const context = contextOf(entry(url, over), given, { now: () => now, client: { scopes: "read,write" } });
    const { credentials } = await obtain(context);
    const { token, expires_at, raw, ...kept } = credentials as ClientCredentials;
    assert.deepEqual(kept, given);
    assert.match(token ?? "", /^[\w-]{43}$/, JSON.stringify(over));
    assert.equal(expires_at, new Date(now + 600_000).toISOString());
    assert.equal(raw?.scope, "read write");
  }
});

test("a wrong secret and a key of somebody else are refused for good, without a word of either", async (t) => {
  const url = await startIssuer(t);
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const cases: [Partial<ClientCredentials>, object, string][] = [
    [{ client_id: "post", client_secret: "not the secret" }, {}, "not the secret"],
    [
      { client_id: "rsa", client_private_key: pem("pkcs8", other) },
      { token_request_auth_method: "private_key_jwt" },
      pem("pkcs8", other).slice(100, 140),
    ],
  ];
  for (const [fields, over, secret] of cases) {
    const given = { type: "OAUTH2_CC", ...fields } as ClientCredentials;
    await assert.rejects(obtain(contextOf(entry(url, over), given, { now: Date.now })), (error: Error) => {
      assert.ok(hasCode(error, "refresh_token_external_error"));
      assert.deepEqual(error.payload, { isFinal: true, status: 401, error: "invalid_client" });
      assert.doesNotMatch(error.message, new RegExp(secret.replace(/[/+]/g, "\\$&")));
      return true;
    });
  }
});

test("a life that is not said is 55 minutes, unless the entry knows better; scopes are the connection's own first", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, { access_token: "a" }));
  const given: Credentials = {
    type: "OAUTH2_CC",
    client_id: "i",
    client_secret: "s",
    token: "old",
    expires_at: at(-1),
  };
  const ask = async (over: object, more: object = {}) => {
    const { credentials } = await obtain(contextOf(entry(server.url, over), given, more));
    const { expires_at, token } = credentials as ClientCredentials;
    assert.equal(token, "a");
    return { expires_at, scope: new URLSearchParams(server.requests.at(-1)!.body.toString()).get("scope") };
  };
  assert.deepEqual(await ask({}), { expires_at: at(55 * 60_000), scope: null });
  assert.deepEqual(await ask({ token_expires_in_ms: 0, default_scopes: ["d", "e"] }), {
    expires_at: undefined,
    scope: "d e",
  });
  const own = { connectionConfig: { oauth_scopes: "x, y" }, client: { scopes: "z" } };
  assert.deepEqual(await ask({ token_expires_in_ms: 1000, scope_separator: "," }, own), {
    expires_at: at(1000),
    scope: "x,y",
  });
  const fixed = { token_params: { scope: `${v("connectionConfig.oauth_scopes")}/.default` } };
  assert.equal((await ask(fixed, own)).scope, "x, y/.default");
});

test("a refresh by our code passes a server that replaces refresh tokens and finds out their reuse", async (t) => {
  const oidc = await startOidc(t, { accessTokenSeconds: 60 });
  const { access_token, refresh_token } = await oidc.grant();
  let credentials: Credentials = { type: "OAUTH2", access_token, refresh_token };
  const seen = new Set([refresh_token]);
  const ask = () =>
    obtain(contextOf({ auth_mode: "OAUTH2", token_url: `${oidc.issuer}/token` }, credentials, { client: oidc.client }));
  for (let round = 0; round < 5; round++) {
    ({ credentials } = await ask());
    assert.ok(credentials.type === "OAUTH2" && credentials.refresh_token !== undefined);
    assert.equal(credentials.expires_at, new Date(NOW + 60_000).toISOString());
    seen.add(credentials.refresh_token);
  }
  assert.equal(seen.size, 6);
  assert.deepEqual([oidc.counts.refresh_token, oidc.counts.reuses], [5, 0]);
  credentials = { type: "OAUTH2", access_token, refresh_token };
  await assert.rejects(ask(), (error: Error) => {
    assert.ok(hasCode(error, "refresh_token_external_error"));
    assert.deepEqual(error.payload, { isFinal: true, status: 400, error: "invalid_grant" });
    return true;
  });
});
