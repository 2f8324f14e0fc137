// Promise: what does not sign the body is checked as far as it goes: bearer tokens, tokens, secrets of connections, fetched keys; and challenges are answered.
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { exportJWK, SignJWT } from "jose";
import { judgeBy, type Known, NOW, type Sent, verdictOf } from "./webhook-world.ts";

const verdict = async (rule: string, request: Sent, known: Known = {}) =>
  verdictOf(await judgeBy(rule, request, known));
const wh = (webhookSecret: string) => ({ secrets: { webhookSecret } });
const URL_ = "https://sync.example.com/webhook/3b9a/it";

const google = generateKeyPairSync("rsa", { modulusLength: 2048 });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
const JWKS = { keys: [{ ...(await exportJWK(google.publicKey)), kid: "k1", alg: "RS256" }] };

type Claims = {
  aud?: string;
  iss?: string;
  exp?: number;
  kid?: string;
  email?: string;
  key?: typeof google.privateKey;
};

const bearer = async ({
  aud = URL_,
  iss = "https://accounts.google.com",
  exp = 60,
  kid = "k1",
  email,
  key,
}: Claims = {}) => {
  const token = new SignJWT({ email: email ?? "push@acme.iam.gserviceaccount.com", email_verified: true });
  const head = token.setProtectedHeader({ alg: "RS256", kid }).setAudience(aud).setIssuer(iss);
  return `Bearer ${await head.setExpirationTime(NOW / 1000 + exp).sign(key ?? google.privateKey)}`;
};

test("Gmail's pushes are verified by Google's keys, for our address, while the token counts", async () => {
  const known: Known = { fetchKeys: async () => JWKS };
  const of = async (claims: Claims, more: Known = {}) =>
    verdict("google-mail", { headers: { authorization: await bearer(claims) }, body: {} }, { ...known, ...more });
  assert.equal(await of({}), "verified");
  assert.equal(await of({ iss: "accounts.google.com" }), "verified");
  assert.equal(await of({ aud: "https://elsewhere.example.com" }), "signature_mismatch");
  assert.equal(await of({ iss: "https://accounts.example.com" }), "signature_mismatch");
  assert.equal(await of({ key: stranger.privateKey }), "signature_mismatch");
  assert.equal(await of({ exp: -1 }), "timestamp_out_of_range");
  assert.equal(await of({ kid: "k9" }), "signature_mismatch");
  const mine = wh("push@acme.iam.gserviceaccount.com");
  assert.equal(await of({}, mine), "verified");
  assert.equal(await of({ email: "push@evil.iam.gserviceaccount.com" }, mine), "signature_mismatch");
  assert.equal(await verdict("google-mail", { body: {} }, known), "unverified");
  assert.equal(await verdict("google-mail", { body: {} }, { ...known, ...mine }), "missing_signature");
  const none = `Bearer ${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from("{}").toString("base64url")}.`;
  assert.match(await verdict("google-mail", { headers: { authorization: none }, body: {} }, known), /signature/);
  const away = { fetchKeys: () => Promise.reject(new Error("no way through")) };
  assert.equal(await of({}, away), "keys_unavailable");
});

test("a key that Google has made since is looked for once more", async () => {
  let asked: (boolean | undefined)[] = [];
  const fetchKeys: Known["fetchKeys"] = async (_url, isFresh) => {
    asked = [...asked, isFresh];
    return isFresh ? JWKS : { keys: [] };
  };
  assert.equal(
    await verdict("google-mail", { headers: { authorization: await bearer() }, body: {} }, { fetchKeys }),
    "verified",
  );
  assert.deepEqual(asked, [false, true]);
});

test("ConnectWise's key comes only from ConnectWise's hosts", async () => {
  const fetchKeys = async () => ({ signing_key: "k" });
  for (const key_url of [
    "https://evil.example.com/myconnectwise.net",
    "http://na.myconnectwise.net/k",
    "https://myconnectwise.net.evil.com/k",
    "https://evilmyconnectwise.net/k",
    "https://na.myconnectwise.net:8443/k",
    "https://a@na.myconnectwise.net/k",
    "nonsense",
  ]) {
    const request = { headers: { "x-content-signature": "AAAA" }, body: { Metadata: { key_url } } };
    assert.equal(await verdict("connectwise-psa", request, { fetchKeys }), "key_address_untrusted", key_url);
  }
  assert.equal(await verdict("connectwise-psa", { body: {} }, { fetchKeys }), "missing_signature");
});

test("GitLab's and PagerDuty's secrets stand in the metadata of the connection that is meant", async () => {
  const asked: unknown[] = [];
  const connectionSecrets: Known["connectionSecrets"] = async (lookups, field) => {
    asked.push([lookups, field]);
    return ["its own"];
  };
  const query = { nangoConnectionId: "c-7" };
  const by = (token: string) => ({
    query,
    headers: { "x-gitlab-token": token, "x-gitlab-event": "Push Hook" },
    body: {},
  });
  assert.equal(await verdict("gitlab", by("its own"), { connectionSecrets }), "verified");
  assert.deepEqual(asked, [[[{ by: "connectionId", value: "c-7" }], "webhookSecret"]]);
  assert.equal(await verdict("gitlab", by("its own "), { connectionSecrets }), "signature_mismatch");
  assert.equal(await verdict("gitlab", { query, body: {} }, { connectionSecrets }), "missing_signature");
  assert.equal(await verdict("gitlab", { body: {} }, { connectionSecrets }), "unverified");
  const body = '{"event":{}}';
  const signature = `v1=${createHmac("sha256", "its own").update(body).digest("hex")}`;
  const headers = { "x-nango-connection-id": "c-7", "x-pagerduty-signature": `v1=${"0".repeat(64)},${signature}` };
  assert.equal(await verdict("pagerduty", { headers, body }, { connectionSecrets }), "verified");
});

test("tokens that come along are the configured ones, each of them", async () => {
  const states = (...clientState: string[]) => ({ body: { value: clientState.map((one) => ({ clientState: one })) } });
  assert.equal(await verdict("microsoft", states("s", "s"), wh("s")), "verified");
  assert.equal(await verdict("microsoft", states("s", "x"), wh("s")), "signature_mismatch");
  assert.equal(
    await verdict("microsoft", { body: { value: [{ clientState: "s" }, {}] } }, wh("s")),
    "signature_mismatch",
  );
  assert.equal(await verdict("microsoft", { body: { value: [] } }, wh("s")), "missing_signature");
  assert.equal(await verdict("videoask", { headers: { "nango-webhook-secret": "s" }, body: {} }, wh("s")), "verified");
  const basic = (user: string) => ({
    headers: { authorization: `Basic ${Buffer.from(user).toString("base64")}` },
    body: {},
  });
  assert.equal(await verdict("pipedrive", basic("me:secret"), wh("me:secret")), "verified");
  assert.equal(await verdict("pipedrive", basic("me:secreT"), wh("me:secret")), "signature_mismatch");
  assert.equal(await verdict("okta", { headers: { authorization: "s" }, body: {} }, wh("s")), "verified");
});

test("challenges are answered at once, as each provider wants it", async () => {
  const answer = async (rule: string, request: Sent, known: Known = {}) => {
    const judged = await judgeBy(rule, request, known);
    return judged.kind === "answered" ? judged.answer : judged;
  };
  const json = { "content-type": "application/json" };
  const text = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
  const slack = { body: { type: "url_verification", token: "t", challenge: "3eZbrw1a" } };
  assert.deepEqual(await answer("slack", slack, wh("s")), {
    status: 200,
    headers: json,
    body: '{"challenge":"3eZbrw1a"}',
  });
  const microsoft = { query: { validationToken: "Validation: <b>1</b>" } };
  assert.deepEqual(await answer("microsoft", microsoft), { status: 200, headers: text, body: "Validation: <b>1</b>" });
  const get = { method: "GET" as const };
  assert.deepEqual(await answer("dropbox", { ...get, query: { challenge: "abc" } }), {
    status: 200,
    headers: text,
    body: "abc",
  });
  const okta = { ...get, headers: { "x-okta-verification-challenge": "o" } };
  assert.deepEqual(await answer("okta", okta), { status: 200, headers: json, body: '{"verification":"o"}' });
});

test("what Notion and Asana hand over once is kept as nobody's, and opens no way around the signature", async () => {
  const token = await judgeBy("notion", { body: { verification_token: "secret_tMrl" } }, wh("s"));
  assert.ok(token.kind === "accepted" && !token.isVerified);
  assert.deepEqual(token.parts, [{ events: [], lookups: [], from: "body", at: [] }]);
  const forged = { verification_token: "x", type: "page.created", workspace_id: "w" };
  assert.equal(await verdict("notion", { body: forged }, wh("s")), "missing_signature");
  const hook = { headers: { "x-hook-secret": "b5" }, query: { nangoConnectionId: "c-7" }, body: { events: [{}] } };
  const handshake = await judgeBy("asana", hook, wh("s"));
  assert.ok(handshake.kind === "accepted" && !handshake.isVerified && handshake.parts[0]!.lookups.length === 0);
  assert.deepEqual(handshake.answer, { status: 200, headers: { "x-hook-secret": "b5" } });
});

test("Zoom's challenge is signed only for who signed it, so nobody has webhooks signed by asking", async () => {
  const time = String(NOW / 1000);
  const ask = (plainToken: string, isSigned = true): Sent => {
    const body = JSON.stringify({ event: "endpoint.url_validation", payload: { plainToken } });
    const signature = `v0=${createHmac("sha256", "s").update(`v0:${time}:${body}`).digest("hex")}`;
    const headers = { "x-zm-request-timestamp": time, "x-zm-signature": signature };
    return { body, ...(isSigned && { headers }) };
  };
  const judged = await judgeBy("zoom", ask("qgg8vlvZRS6UYooatFL8Aw"), wh("s"));
  const encryptedToken = createHmac("sha256", "s").update("qgg8vlvZRS6UYooatFL8Aw").digest("hex");
  assert.ok(judged.kind === "answered");
  assert.deepEqual(JSON.parse(judged.answer.body!), { plainToken: "qgg8vlvZRS6UYooatFL8Aw", encryptedToken });
  assert.equal(await verdict("zoom", ask("qgg8vlvZRS6UYooatFL8Aw", false), wh("s")), "missing_signature");
  assert.equal(await verdict("zoom", ask('v0:1:{"event":"meeting.started"}'), wh("s")), "malformed_body");
  assert.equal(await verdict("zoom", ask("t", false)), "secret_not_configured");
});
