// Promise: credentials of every kind arrive at the provider as it wants them; a request that lacks something is not sent.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { ProxyTarget } from "../../src/outbound/types.ts";
import type { Credentials } from "../../src/providers/credentials.ts";
import { createSender, json, startServer, target } from "./server.ts";
import { awsAuthorization, oauthFields, oauthSignature } from "./signatures.ts";

const v = (expression: string): string => `$\{${expression}}`;
const client = { client_id: "client", client_secret: "client secret" };
const installed = { app_id: "7", installation_id: "8" };

const OAUTH1: Credentials = { type: "OAUTH1", oauth_token: "token", oauth_token_secret: "s&cret" };
const TBA: Credentials = { type: "TBA", token_id: "token", token_secret: "secret" };
const AWS = {
  type: "AWS_SIGV4",
  role_arn: "arn:aws:iam::1:role/reader",
  region: "eu-west-1",
  service: "execute-api",
  access_key_id: "AKID",
  secret_access_key: "aws secret",
  session_token: "session",
} satisfies Credentials;
const BILL = { type: "BILL", username: "u", password: "p", organization_id: "o", dev_key: "dev" } as const;

const withProxy = (to: ProxyTarget, proxy: object): ProxyTarget => ({
  ...to,
  provider: { ...to.provider, proxy: { ...to.provider.proxy, ...proxy } },
});

test("a token goes along as Bearer, a name and password as Basic, and the caller's own Authorization instead of either", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const cases: [Credentials, string][] = [
    [{ type: "BASIC", username: "u", password: "p:w" }, `Basic ${Buffer.from("u:p:w").toString("base64")}`],
    [{ type: "OAUTH2", access_token: "t" }, "Bearer t"],
    [{ type: "APP", ...installed, access_token: "t" }, "Bearer t"],
    [{ type: "OAUTH2_CC", client_id: "i", client_secret: "s", token: "t" }, "Bearer t"],
    [{ type: "JWT", token: "t", privateKeyId: "x" }, "Bearer t"],
    [{ type: "TWO_STEP", token: "t", company: "x" }, "Bearer t"],
    [{ type: "SIGNATURE", username: "u", password: "p", token: "t" }, "Bearer t"],
  ];
  for (const [credentials, expected] of cases) {
    await send({}, target(server.url, { credentials }));
    assert.equal(server.requests.at(-1)?.headers.authorization, expected, credentials.type);
  }
  for (const credentials of [...cases.map(([one]) => one), OAUTH1, TBA, AWS]) {
    await send({ headers: { Authorization: "mine" } }, target(server.url, { credentials }));
    assert.equal(server.requests.at(-1)?.headers.authorization, "mine", credentials.type);
  }
});

test("the provider entry says where keys and sessions go, and may put a token elsewhere", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const sent = async (credentials: Credentials, proxy: object) => {
    await send({}, withProxy(target(server.url, { credentials }), proxy));
    return server.requests.at(-1)!;
  };
  const bill = await sent(
    { ...BILL, session_id: "sid" },
    { headers: { "X-Session": v("credentials.session_id"), "X-Dev": v("credentials.dev_key") } },
  );
  assert.deepEqual(
    [bill.headers["x-session"], bill.headers["x-dev"], bill.headers.authorization],
    ["sid", "dev", undefined],
  );
  const app = { type: "APP", ...installed, access_token: "app token" } as const;
  const custom = await sent({ type: "CUSTOM", app, user: null }, { headers: { "X-Token": v("accessToken") } });
  assert.deepEqual([custom.headers["x-token"], custom.headers.authorization], ["app token", "Bearer app token"]);
  const plainBill = await sent({ ...BILL, session_id: "sid" }, {});
  assert.deepEqual([plainBill.headers.sessionid, plainBill.headers.devkey], ["sid", "dev"]);
  const key = await sent({ type: "API_KEY", apiKey: "k" }, { query: { key: v("apiKey") } });
  assert.deepEqual([key.url, key.headers.authorization], ["/?key=k", undefined]);
  const headers = { authorization: `Token ${v("credentials.token")}`, "X-Company": v("credentials.company") };
  const twoStep = await sent({ type: "TWO_STEP", token: "t", company: "c" }, { headers });
  assert.deepEqual([twoStep.headers.authorization, twoStep.headers["x-company"]], ["Token t", "c"]);
  const signature: Credentials = { type: "SIGNATURE", username: "u", password: "p", token: "digest" };
  const wsse = await sent(signature, { headers: { "X-WSSE": `UsernameToken ${v("accessToken")}` } });
  assert.equal(wsse.headers["x-wsse"], "UsernameToken digest");
  const same = { "X-Id": v("random"), "X-Sign": v(`sha256Hex(${v("random")})`) };
  const { headers: signed } = await sent({ type: "NONE" }, { headers: same });
  assert.equal(signed["x-sign"], createHash("sha256").update(String(signed["x-id"])).digest("hex"));
});

test("OAuth 1 signs method, URL, query and form; each attempt anew", async (t) => {
  const server = await startServer(t, (_seen, response, count) => json(response, count === 1 ? 500 : 200, {}));
  const { send } = createSender();
  const to = target(server.url, { credentials: OAUTH1, client });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  await send({ endpoint: "/list", params: { "ids[]": "1 2", q: "a+b=c&d" }, retries: 1 }, to);
  await send({ method: "POST", endpoint: "/x?ids=1&ids=", data: { "a b": "ü!*" }, headers: form }, to);
  await send({ method: "POST", endpoint: "/x", data: { a: 1 } }, to);
  assert.equal(server.requests.length, 4);
  for (const seen of server.requests) {
    const { oauth_signature, oauth_signature_method, oauth_consumer_key, oauth_token, realm } = oauthFields(seen);
    const expected = oauthSignature(seen, server.url, "sha1", ["client secret", "s&cret"]);
    assert.equal(oauth_signature, expected, seen.url);
    assert.deepEqual(
      [oauth_signature_method, oauth_consumer_key, oauth_token, realm],
      ["HMAC-SHA1", "client", "token", undefined],
    );
  }
  const nonces = server.requests.map((seen) => oauthFields(seen).oauth_nonce);
  assert.equal(new Set(nonces).size, 4);
});

test("a NetSuite account's token signs with SHA-256 for that account, with the connection's own client where it has one", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const connectionConfig = { accountId: "123456_SB1" };
  const own = { client_id: "own", client_secret: "own secret" };
  await send({ endpoint: "/a?b=1" }, target(server.url, { credentials: TBA, client, connectionConfig }));
  await send({}, target(server.url, { credentials: { ...TBA, config_override: own }, client, connectionConfig }));
  const [first, second] = server.requests;
  const { realm, oauth_signature_method, oauth_signature } = oauthFields(first!);
  assert.deepEqual([realm, oauth_signature_method], ["123456_SB1", "HMAC-SHA256"]);
  assert.equal(oauth_signature, oauthSignature(first!, server.url, "sha256", ["client secret", "secret"]));
  const overridden = oauthFields(second!);
  assert.equal(overridden.oauth_consumer_key, "own");
  assert.equal(overridden.oauth_signature, oauthSignature(second!, server.url, "sha256", ["own secret", "secret"]));
});

test("AWS gets requests signed over what arrives: headers, query and body", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const to = withProxy(target(server.url, { credentials: AWS }), { headers: { "X-Amz-Target": "Stage.List" } });
  await send({ endpoint: "/v1/items", params: { q: "a b+c", ids: "2,1" } }, to);
  await send({ method: "POST", endpoint: "/v1/items", data: { name: "Ü" } }, to);
  for (const seen of server.requests) {
    assert.equal(seen.headers.authorization, awsAuthorization(seen, AWS.secret_access_key), seen.method);
    assert.match(seen.headers.authorization ?? "", /Credential=AKID\/20260301\/eu-west-1\/execute-api\/aws4_request/);
    assert.match(seen.headers.authorization ?? "", /SignedHeaders=[^,]*x-amz-security-token;x-amz-target,/);
    assert.equal(seen.headers["x-amz-security-token"], "session");
  }
  assert.equal(server.requests[0]?.url, "/v1/items?q=a%20b%2Bc&ids=2%2C1");
});

test("a redirect is signed anew on its own origin, and not signed at all on another", async (t) => {
  const other = await startServer(t, (_seen, response) => json(response, 200, {}));
  const server = await startServer(t, ({ url }, response) => {
    if (url.startsWith("/end")) json(response, 200, {});
    else response.writeHead(307, { location: url === "/away" ? `${other.url}/` : "/end?x=1" }).end();
  });
  const { send } = createSender();
  await send({ endpoint: "/a" }, target(server.url, { credentials: OAUTH1, client }));
  await send({ method: "PUT", endpoint: "/a", data: "body" }, target(server.url, { credentials: AWS }));
  for (const seen of server.requests.slice(0, 2))
    assert.equal(
      oauthFields(seen).oauth_signature,
      oauthSignature(seen, server.url, "sha1", ["client secret", "s&cret"]),
    );
  for (const seen of server.requests.slice(2))
    assert.equal(seen.headers.authorization, awsAuthorization(seen, AWS.secret_access_key), seen.url);
  for (const credentials of [OAUTH1, AWS]) {
    await send({ endpoint: "/away" }, target(server.url, { credentials, client }));
    const { headers } = other.requests.at(-1)!;
    assert.deepEqual(
      Object.keys(headers).filter((name) => name === "authorization" || name.startsWith("x-amz-")),
      [],
    );
  }
});

test("a request is not sent without what opens the provider, and the error says what is missing", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const { session_token: _session, access_key_id: _id, secret_access_key: _key, ...role } = AWS;
  const config = { connectionConfig: { accountId: "1" } };
  const cases: [Credentials, RegExp, Partial<ProxyTarget>?][] = [
    [{ type: "OAUTH2_CC", client_id: "i", client_secret: "s" }, /lacks a token for its client credentials: renew it/],
    [{ type: "JWT" }, /lacks a token: renew it .+ or connect it anew/],
    [{ type: "TWO_STEP", company: "x" }, /lacks a token: renew it .+ or connect it anew/],
    [{ type: "SIGNATURE", username: "u", password: "p" }, /lacks a token: renew it .+ or connect it anew/],
    [{ type: "APP", ...installed }, /access token of the app's installation/],
    [{ type: "CUSTOM", app: { type: "APP", ...installed }, user: null }, /access token of the app's installation/],
    [BILL, /lacks a session: renew it .+ or connect it anew/],
    [role, /access keys for its role/],
    [OAUTH1, /the integration's client, and it has none/],
    [TBA, /the integration's client, and it has none/, config],
    [TBA, /no accountId/, { client }],
  ];
  for (const [credentials, message, over] of cases) {
    const sent = send({ retries: 2 }, target(server.url, { credentials, ...over }));
    await assert.rejects(sent, { code: "invalid_credentials", message }, credentials.type);
  }
  const provider = { display_name: "Old", auth_mode: "OAUTH1", signature_method: "HMAC-MD5" as "HMAC-SHA1" } as const;
  const odd = target(server.url, { credentials: OAUTH1, client });
  await assert.rejects(send({}, { ...odd, provider: { ...odd.provider, ...provider } }), { message: /HMAC-MD5/ });
  assert.equal(server.requests.length, 0);
});
