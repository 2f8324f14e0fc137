// Promise: OAuth 1 requests are signed as RFC 5849's own example and an independent library sign them, with secrets and RSA keys.
import assert from "node:assert/strict";
import { createHmac, createVerify, generateKeyPairSync, sign } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";
import fc from "fast-check";
import type OAuthLibrary from "oauth-1.0a";
import { type OAuth1Keys, oauth1BaseString, oauth1Header } from "../../../src/outbound/oauth1.ts";
import { createSender, json, startServer, target } from "../../outbound/server.ts";

const OAuth = createRequire(import.meta.url)("oauth-1.0a") as typeof OAuthLibrary;

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string;

const fieldsOf = (header: string): Record<string, string> =>
  Object.fromEntries(
    [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, decodeURIComponent(value!)]),
  );

type Hash = (base: string, key: string) => string;
const METHODS: Record<string, Hash> = {
  "HMAC-SHA1": (base, key) => createHmac("sha1", key).update(base).digest("base64"),
  "HMAC-SHA256": (base, key) => createHmac("sha256", key).update(base).digest("base64"),
  PLAINTEXT: (_base, key) => key,
  "RSA-SHA1": (base) => sign("sha1", Buffer.from(base), PEM).toString("base64"),
  "RSA-SHA256": (base) => sign("sha256", Buffer.from(base), PEM).toString("base64"),
};

test("the signature is that of RFC 5849, section 1.2, for each of its three requests", () => {
  const client = { client_id: "dpf43f3p2l4k3l03", client_secret: "kd94hf93k423kf44" };
  const method = "HMAC-SHA1" as const;
  const initiate = oauth1Header(
    { method: "POST", url: new URL("https://photos.example.net/initiate") },
    { client, method, tokenSecret: "", realm: "Photos" },
    { nonce: "wIjqoS", timestamp: 137131200 },
  );
  // The RFC's requests have no oauth_version, which ours always have: it is signed as well, so the base strings are compared.
  assert.doesNotMatch(initiate, /oauth_token=/);
  const photos = { method: "GET", url: new URL("http://photos.example.net/photos?file=vacation.jpg&size=original") };
  const base = oauth1BaseString(photos, {
    oauth_consumer_key: "dpf43f3p2l4k3l03",
    oauth_token: "nnch734d00sl2jdk",
    oauth_signature_method: "HMAC-SHA1",
    oauth_timestamp: "137131202",
    oauth_nonce: "chapoH",
  });
  const signed = createHmac("sha1", "kd94hf93k423kf44&pfkkdhi9sl3r4s00").update(base).digest("base64");
  assert.equal(signed, "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
  const first = oauth1BaseString(
    { method: "POST", url: new URL("https://photos.example.net/initiate") },
    {
      oauth_consumer_key: "dpf43f3p2l4k3l03",
      oauth_signature_method: "HMAC-SHA1",
      oauth_timestamp: "137131200",
      oauth_nonce: "wIjqoS",
      oauth_callback: "http://printer.example.com/ready",
    },
  );
  assert.equal(createHmac("sha1", "kd94hf93k423kf44&").update(first).digest("base64"), "74KNZJeDHnMBp0EMJ9ZHt/XKycU=");
  const third = oauth1BaseString(
    { method: "POST", url: new URL("https://photos.example.net/token") },
    {
      oauth_consumer_key: "dpf43f3p2l4k3l03",
      oauth_token: "hh5s93j4hdidpola",
      oauth_signature_method: "HMAC-SHA1",
      oauth_timestamp: "137131201",
      oauth_nonce: "walatlh",
      oauth_verifier: "hfdp7dh39dks9884",
    },
  );
  const key = "kd94hf93k423kf44&hdhd0244k9j7ao03";
  assert.equal(createHmac("sha1", key).update(third).digest("base64"), "gKgrFCywp7rO0OXSjdot/IHF7IU=");
});

test("requests of any shape are signed as oauth-1.0a signs them, by every method", () => {
  const text = fc.string({ unit: fc.constantFrom(..."abz09-_.~ %+/=&?ü€!*'()\"<>,;:@"), maxLength: 10 });
  // The library never decodes the names of query parameters, so they have nothing to decode.
  const name = fc.stringMatching(/^[a-z][a-z0-9_.~-]{0,8}$/);
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(METHODS) as OAuth1Keys["method"][])),
      fc.constantFrom("get", "POST", "DELETE"),
      fc.uniqueArray(fc.tuple(name, text), { selector: ([one]) => one, maxLength: 4 }),
      fc.tuple(text, text, text),
      (method, verb, query, [clientSecret, token, tokenSecret]) => {
        const url = new URL("https://api.example.com/a%20b/c");
        url.search = query.map(([one, value]) => `${one}=${encodeURIComponent(value)}`).join("&");
        const client = { client_id: "key", client_secret: method.startsWith("RSA") ? PEM : clientSecret };
        const header = oauth1Header(
          { method: verb, url },
          { client, token: `t${token}`, tokenSecret, method },
          { nonce: "n", timestamp: 1 },
        );
        const ours = fieldsOf(header);
        const library = new OAuth({
          consumer: { key: "key", secret: client.client_secret },
          signature_method: method as "HMAC-SHA1",
          hash_function: METHODS[method]!,
        });
        const { oauth_signature: signature, ...rest } = ours;
        const theirs = library.getSignature({ url: url.href, method: verb, data: {} }, tokenSecret, rest as never);
        assert.equal(signature, theirs);
        assert.equal(ours.oauth_token, `t${token}`);
      },
    ),
    { numRuns: 400 },
  );
});

test("a server that has only the public key verifies what is signed with RSA, form and query together", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  for (const [signature_method, hash] of [
    ["RSA-SHA1", "sha1"],
    ["RSA-SHA256", "sha256"],
  ] as const) {
    const to = target(server.url, {
      provider: { display_name: "Jira", auth_mode: "OAUTH1", signature_method, proxy: { base_url: server.url } },
      credentials: { type: "OAUTH1", oauth_token: "tok", oauth_token_secret: "unused" },
      client: { client_id: "key", client_secret: PEM.replaceAll("\n", "\\n") },
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await send({ method: "POST", endpoint: "/rest?q=a b", data: "x=1&y=%C3%BC", headers }, to);
    const seen = server.requests.at(-1)!;
    const { oauth_signature = "", ...oauth } = fieldsOf(seen.headers.authorization!);
    assert.equal(oauth.oauth_signature_method, signature_method);
    const library = new OAuth({ consumer: { key: "key", secret: "" } });
    const data = Object.fromEntries(new URLSearchParams(seen.body.toString()));
    const base = library.getBaseString({ url: `${server.url}/rest?q=a%20b`, method: "POST", data }, oauth as never);
    assert.ok(createVerify(hash).update(base).verify(rsa.publicKey, oauth_signature, "base64"), signature_method);
    assert.ok(!createVerify(hash).update(`${base}x`).verify(rsa.publicKey, oauth_signature, "base64"));
  }
});

test("a client's secret that is no key is refused without being shown", () => {
  const keys: OAuth1Keys = {
    client: { client_id: "k", client_secret: "my secret words" },
    tokenSecret: "",
    method: "RSA-SHA1",
  };
  const ask = () =>
    oauth1Header({ method: "GET", url: new URL("https://x.example") }, keys, { nonce: "n", timestamp: 1 });
  assert.throws(ask, (error: Error) => !/my secret/.test(`${error.message}${error.cause ?? ""}`));
});
