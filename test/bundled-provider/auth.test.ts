// Signing in: keys, Basic, tokens that expire, refresh tokens that may be spent.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Acme, startAcme } from "./acme.ts";

const PATH = "/v1/contacts?limit=1";
const token = async (acme: Acme, form: Record<string, string>, headers: Record<string, string> = {}) => {
  const { clientId, clientSecret } = acme.credentials;
  const client = { client_id: clientId, client_secret: clientSecret };
  const body = new URLSearchParams(headers.authorization ? form : { ...client, ...form }).toString();
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const response = await acme.ask("/oauth/token", { method: "POST", headers: { ...type, ...headers }, body });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};
const answer = async (acme: Acme, headers: Record<string, string>) => {
  const response = await acme.ask(PATH, { headers });
  const { error } = (await response.json()) as { error?: string };
  return `${response.status} ${error ?? "ok"}`;
};
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

test("an API key works as a header and as the Basic password, and nothing else does", async (t) => {
  const acme = await startAcme(t, { apiKeys: ["one", "two"] });
  assert.equal(await answer(acme, { "x-api-key": "two" }), "200 ok");
  assert.equal(await answer(acme, { authorization: basic("acme", "one") }), "200 ok");
  assert.equal(await answer(acme, { authorization: basic("eve", "one") }), "401 invalid_api_key");
  assert.equal(await answer(acme, { "x-api-key": "three" }), "401 invalid_api_key");
  assert.equal(await answer(acme, { authorization: "Bearer one" }), "401 invalid_token");
  assert.equal(await answer(acme, {}), "401 missing_credentials");
  assert.equal(acme.stats.unauthorized, 4);
});

test("a token works until its seconds are over, then says token_expired, and a refresh gives one that works", async (t) => {
  const acme = await startAcme(t, { tokenSeconds: 60 });
  const first = await token(acme, { grant_type: "client_credentials" });
  assert.equal(first.body.expires_in, 60);
  const authorization = `Bearer ${first.body.access_token}`;
  acme.clock.forward(59_999);
  assert.equal(await answer(acme, { authorization }), "200 ok");
  acme.clock.forward(1);
  assert.equal(await answer(acme, { authorization }), "401 token_expired");
  const { refreshToken } = acme.credentials;
  const next = await token(acme, { grant_type: "refresh_token", refresh_token: refreshToken });
  assert.equal(await answer(acme, { authorization: `Bearer ${next.body.access_token}` }), "200 ok");
  assert.equal(next.body.refresh_token, refreshToken);
  assert.equal(acme.stats.tokensIssued, 2);
});

test("tokens can be expired by hand, which leaves later ones alone", async (t) => {
  const acme = await startAcme(t);
  const first = await token(acme, { grant_type: "client_credentials" });
  await acme.admin("DELETE", "tokens");
  const second = await token(acme, { grant_type: "client_credentials" });
  assert.equal(await answer(acme, { authorization: `Bearer ${first.body.access_token}` }), "401 token_expired");
  assert.equal(await answer(acme, { authorization: `Bearer ${second.body.access_token}` }), "200 ok");
});

test("a rotated refresh token works once", async (t) => {
  const acme = await startAcme(t, { rotateRefreshTokens: true });
  const form = { grant_type: "refresh_token", refresh_token: acme.credentials.refreshToken };
  const first = await token(acme, form);
  assert.equal(first.status, 200);
  assert.deepEqual((await token(acme, form)).body.error, "invalid_grant");
  assert.equal((await token(acme, { ...form, refresh_token: first.body.refresh_token! })).status, 200);
});

test("the token server knows its client by form or by Basic, and refuses others and other grants", async (t) => {
  const acme = await startAcme(t);
  const { clientId, clientSecret } = acme.credentials;
  const grant = { grant_type: "client_credentials" };
  assert.equal((await token(acme, grant, { authorization: basic(clientId, clientSecret) })).status, 200);
  assert.equal((await token(acme, grant, { authorization: basic(clientId, "wrong") })).body.error, "invalid_client");
  assert.equal((await token(acme, { grant_type: "password" })).body.error, "unsupported_grant_type");
});

test("a person is asked, and sent back with a code that is good once, for the same address and verifier", async (t) => {
  const acme = await startAcme(t);
  const verifier = "a".repeat(43);
  const redirect_uri = "http://127.0.0.1/back?x=1";
  const asked = new URLSearchParams({
    client_id: acme.credentials.clientId,
    redirect_uri,
    state: `"><script>`,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const page = await (await acme.ask(`/oauth/authorize?${asked}`, {})).text();
  assert.match(page, /<button name="decision" value="allow">/);
  assert.doesNotMatch(page, /<script>/);
  const decide = async (decision: string): Promise<URL> => {
    const answered = await acme.ask(`/oauth/decision?${asked}&decision=${decision}`, { redirect: "manual" });
    return new URL(answered.headers.get("location")!);
  };
  const denied = await decide("deny");
  assert.deepEqual(Object.fromEntries(denied.searchParams), { x: "1", state: `"><script>`, error: "access_denied" });
  const spend = async (o: object) => {
    const code = (await decide("allow")).searchParams.get("code")!;
    const form = { grant_type: "authorization_code", code, redirect_uri, code_verifier: verifier, ...o };
    return [await token(acme, form), await token(acme, form)];
  };
  const [first, second] = await spend({});
  assert.equal(await answer(acme, { authorization: `Bearer ${first!.body.access_token}` }), "200 ok");
  assert.equal(first!.body.refresh_token, acme.credentials.refreshToken);
  assert.equal(second!.body.error, "invalid_grant");
  assert.equal((await spend({ code_verifier: "b".repeat(43) }))[0]!.body.error, "invalid_grant");
  assert.equal((await spend({ redirect_uri: "http://127.0.0.1/other" }))[0]!.body.error, "invalid_grant");
  const wrongs: Record<string, string>[] = [
    { client_id: "eve" },
    { redirect_uri: "javascript:alert(1)" },
    { code_challenge_method: "plain" },
  ];
  for (const wrong of wrongs)
    assert.equal(
      (await acme.ask(`/oauth/authorize?${new URLSearchParams({ ...Object.fromEntries(asked), ...wrong })}`, {}))
        .status,
      400,
    );
});
