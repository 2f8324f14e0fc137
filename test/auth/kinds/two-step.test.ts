// Promise: every way to a token that the published catalogue describes in steps is gone as it says.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { type TestContext, test } from "node:test";
import { jwtVerify, SignJWT } from "jose";
import { obtain } from "../../../src/auth/obtain.ts";
import { hasCode } from "../../../src/errors.ts";
import { loadCatalogue } from "../../../src/providers/catalogue.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { type Seen, startServer } from "../../outbound/server.ts";
import { at, contextOf, NOW, v } from "./world.ts";

type TwoStep = Extract<Credentials, { type: "TWO_STEP" }>;
type Reply = { status?: number; headers?: Record<string, string | string[]>; body: unknown };

const catalogue = loadCatalogue({ files: ["@nangohq/providers"] });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (key: typeof rsa.privateKey) => key.export({ type: "pkcs8", format: "pem" }) as string;

/** All hosts of the world in one server; `urls` are what was asked for. */
const startWorld = async (t: TestContext, reply: (seen: Seen, url: URL) => Reply) => {
  const urls: string[] = [];
  const server = await startServer(t, (seen, response) => {
    const { status = 200, headers = {}, body } = reply(seen, new URL(urls.at(-1)!));
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const ask = async (
    name: string | object,
    fields: object,
    config: Record<string, unknown> = {},
    more: object = {},
  ) => {
    const entry = typeof name === "string" ? catalogue.get(name)! : { auth_mode: "TWO_STEP", ...name };
    const context = contextOf(entry, { type: "TWO_STEP", ...fields } as Credentials, {
      connectionConfig: config,
      ...more,
    });
    const fetch: typeof context.fetch = (url, init) => {
      urls.push(String(url));
      const { pathname, search } = new URL(url);
      return context.fetch(server.url + pathname + search, init);
    };
    const { credentials, connectionConfig } = await obtain({ ...context, fetch });
    return { credentials: credentials as TwoStep, connectionConfig };
  };
  return { ...server, urls, ask };
};

const formOf = ({ body }: Seen) => Object.fromEntries(new URLSearchParams(body.toString()));

test("a secret that is no header's text is in no error, whoever logs it with its causes", async (t) => {
  const { ask } = await startWorld(t, () => assert.fail("nobody is asked"));
  const entry = { token_url: "https://p.example/token", token_headers: { "X-Key": v("credentials.key") } };
  await assert.rejects(ask(entry, { key: "a secret\nwith a line break" }), (error: Error) => {
    const says = [error, error.cause].map((one) => `${(one as Error | undefined)?.stack}`).join();
    assert.ok(hasCode(error, "invalid_credentials") && !says.includes("secret\n"), says);
    return true;
  });
});

test("a Google service account brings an assertion that its public key verifies", async (t) => {
  const { ask, requests, urls } = await startWorld(t, () => ({ body: { access_token: "ya29", expires_in: 3599 } }));
  const given = {
    serviceAccountEmailAddress: "a@b.iam",
    scopes: "x y",
    privateKey: pem(rsa.privateKey).replaceAll("\n", "\\n"),
  };
  const { credentials } = await ask("google-service-account", { ...given, delegatedAccessEmailAddress: "" });
  assert.deepEqual(urls, ["https://oauth2.googleapis.com/token"]);
  const { grant_type, assertion = "" } = formOf(requests[0]!);
  assert.equal(grant_type, "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const { payload } = await jwtVerify(assertion, rsa.publicKey, { algorithms: ["RS256"], currentDate: new Date(NOW) });
  const iat = NOW / 1000;
  assert.deepEqual(payload, { iss: "a@b.iam", scope: "x y", aud: urls[0], iat, exp: iat + 3600 });
  assert.deepEqual([credentials.token, credentials.expires_at], ["ya29", at(3_599_000)]);
});

test("assertions of the other kind are signed anew each time, with keys of connection and integration; SAML has to be brought", async (t) => {
  const { ask, requests } = await startWorld(t, () => ({ body: { access_token: "a", expires_in: 60 } }));
  const own = { clientId: "c", keyId: "k", scope: "s", privateKey: pem(ec.privateKey) };
  for (const _time of [1, 2])
    await ask("epic", {}, { interconnectUrl: "epic.example.com" }, { integrationConfig: own });
  const jtis = await Promise.all(
    requests.map(async (seen) => {
      const { client_assertion = "", scope } = formOf(seen);
      assert.equal(scope, "s");
      const checks = {
        algorithms: ["ES256"],
        currentDate: new Date(NOW),
        audience: "https://epic.example.com/oauth2/token",
      };
      return (await jwtVerify(client_assertion, ec.publicKey, checks)).payload.jti;
    }),
  );
  assert.equal(new Set(jtis).size, 2);

  const netsuite = { clientId: "c", certificateId: "x", assertionOption: { privateKey: pem(rsa.privateKey) } };
  await ask("netsuite-client-credentials", netsuite, { accountId: "1" });
  await jwtVerify(formOf(requests.at(-1)!).client_assertion!, rsa.publicKey, {
    currentDate: new Date(NOW),
    issuer: "c",
  });

  const sap = { apiServer: "api.example.com", companyId: "co" };
  await assert.rejects(ask("sap-success-factors", { apiKey: "k" }, sap), { code: "invalid_credentials" });
  await ask("sap-success-factors", { apiKey: "k", assertion: "mine" }, sap);
  assert.equal(formOf(requests.at(-1)!).assertion, "mine");
});

test("steps lead from one to the next, and keep what the entry wants kept of any of them", async (t) => {
  const { ask, requests, urls } = await startWorld(t, (_seen, url) => {
    if (url.pathname === "/token") return { body: { access_token: "last", expires_in: 60 } };
    if (url.host === "id.example.com") return { body: { token_endpoint: "https://id.example.com/token" } };
    return { body: { IdentityServiceUrl: "https://id.example.com" } };
  });
  const { credentials } = await ask("docuware", { username: "ada", password: "p&q" }, { domain: "x.docuware.cloud" });
  assert.equal(urls.length, 3);
  assert.deepEqual(urls.slice(1), [
    "https://id.example.com/.well-known/openid-configuration",
    "https://id.example.com/token",
  ]);
  assert.deepEqual([formOf(requests[2]!).password, credentials.token], ["p&q", "last"]);

  const cloud = await startWorld(t, (seen) => ({
    body: seen.headers["content-type"]?.includes("json")
      ? { Token: "second" }
      : { restApiEndpoint: "https://api.seller.example", access_token: "first" },
  }));
  const { connectionConfig } = await cloud.ask(
    {
      token_url: "https://one.example.com/",
      additional_steps: [
        { body_format: "json", token_url: `${v("step1.restApiEndpoint")}/api/token`, token_params: { a: 1 } },
      ],
      token_response: { token: "Token" },
      token_response_metadata: ["restApiEndpoint"],
    },
    {},
  );
  assert.deepEqual(connectionConfig, { restApiEndpoint: "https://api.seller.example" });
  assert.equal(cloud.urls[1], "https://api.seller.example/api/token");
});

test("bodies are JSON, forms and XML; what a field holds stays a text in each of them", async (t) => {
  const hostile = `<&>"'${v("credentials.other")}`;
  const { ask, requests } = await startWorld(t, (seen) =>
    seen.headers["content-type"] === "application/xml"
      ? {
          body: '<?xml version="1.0"?><response><operation><authentication><sessiontimeout>2026-03-01T14:00:00+00:00</sessiontimeout></authentication><result><data><api><sessionid>s&amp;1</sessionid></api></data></result></operation></response>',
        }
      : { body: { credentials: { token: "t", estimatedTimeToExpiration: "177:05:38" } } },
  );
  const sage = await ask("sage-intacct", {
    senderId: "s",
    senderPassword: hostile,
    userId: "u",
    companyId: "c",
    userPassword: "p",
    other: "x",
  });
  assert.deepEqual([sage.credentials.token, sage.credentials.expires_at], ["s&1", at(7_200_000)]);
  const xml = requests[0]!.body.toString();
  assert.match(xml, /<password>&lt;&amp;&gt;&quot;&apos;\$\{credentials\.other\}<\/password>/);
  assert.match(xml, /<function controlid="[^"]+"><getAPISession><\/getAPISession><\/function>/);

  const tableau = await ask(
    "tableau",
    { pat: "p", secret: hostile, contentUrl: "" },
    { hostname: "t.example.com", version: "3.22" },
  );
  assert.equal(tableau.credentials.expires_at, at((177 * 3600 + 5 * 60 + 38) * 1000));
  const site = { contentUrl: "" };
  assert.deepEqual(JSON.parse(requests[1]!.body.toString()), {
    credentials: { personalAccessTokenName: "p", personalAccessTokenSecret: hostile, site },
  });
});

test("a token may be the whole answer, ends 15 minutes before the JWT that it is, and its fields are encoded in a query", async (t) => {
  const jwt = await new SignJWT({ exp: NOW / 1000 + 3600 }).setProtectedHeader({ alg: "HS256" }).sign(Buffer.alloc(32));
  const { ask, urls } = await startWorld(t, () => ({ body: jwt }));
  const { credentials } = await ask("jobdiva", { clientId: "1", username: "a&password=x", password: "p#?" });
  assert.deepEqual([credentials.token, credentials.expires_at], [jwt, at(45 * 60_000)]);
  assert.match(urls[0]!, /\?clientid=1&username=a%26password%3Dx&password=p%23%3F$/);
  const quoted = await startWorld(t, () => ({ body: '"plain"' }));
  const avanan = await quoted.ask("avanan", { appId: "app", secretKey: "secret" }, { subdomain: "smart" });
  assert.deepEqual([avanan.credentials.token, avanan.credentials.expires_at], ["plain", at(3_600_000)]);
  const { headers } = quoted.requests[0]!;
  const text = `${headers["x-av-req-id"]}app${headers["x-av-date"]}secret`;
  const expected = createHash("sha256").update(Buffer.from(text).toString("base64")).digest("hex");
  assert.equal(headers["x-av-sig"], expected, "one random for both headers");
});

test("a session of cookies is kept as they are sent back", async (t) => {
  const cookies = ["B1SESSION=abc; HttpOnly; Expires=Sun, 01 Mar 2026 12:30:00 GMT", "ROUTEID=.node1; path=/b1s"];
  const { ask } = await startWorld(t, () => ({ headers: { "set-cookie": cookies }, body: { SessionId: "abc" } }));
  const { credentials } = await ask(
    "sap-business-one",
    { userName: "u", password: "p" },
    { domain: "sap.example.com" },
  );
  assert.equal(credentials._cookies, "B1SESSION=abc; ROUTEID=.node1");
  assert.equal(credentials.expires_at, at(1_700_000));
});

test("a refresh token is used where the entry says how, and a refused one leads back to the first request", async (t) => {
  let isRefused = false;
  const { ask, requests, urls } = await startWorld(t, ({ url }) => {
    if (!url.endsWith("/RefreshToken")) return { body: { Token: "t1", RefreshToken: "r1" } };
    return isRefused
      ? { status: 401, body: { error: "invalid_grant" } }
      : { body: { Token: "t2", RefreshToken: "r2" } };
  });
  const config = { domain: "aspire.example.com" };
  const first = await ask("aspire", { clientId: "c", secret: "s" }, config);
  assert.deepEqual([first.credentials.refresh_token, urls.length], ["r1", 1]);
  const second = await ask("aspire", first.credentials, config);
  assert.deepEqual(JSON.parse(requests[1]!.body.toString()), { RefreshToken: "r1" });
  assert.deepEqual([second.credentials.token, second.credentials.refresh_token], ["t2", "r2"]);
  isRefused = true;
  const third = await ask("aspire", second.credentials, config);
  assert.deepEqual([third.credentials.token, third.credentials.refresh_token, urls.length], ["t1", "r1", 4]);
});

test("an answer without a token says why, in the provider's words without ours", async (t) => {
  const { ask } = await startWorld(t, () => ({ body: { data: null, errors: [{ message: "bad password hunter22" }] } }));
  await assert.rejects(ask("semble", { email: "a@example.com", password: "hunter22" }), (error: Error) => {
    assert.ok(hasCode(error, "refresh_token_external_error"));
    assert.match(error.message, /^.+ gave no token, status 200: \(bad password \*\*\*\)$/);
    return true;
  });
});
