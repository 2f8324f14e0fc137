// Promise: of every scheme, only what was signed with the secret, as it was signed and when it was signed is verified.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "../../src/bundled-provider/random.ts";
import { seeded } from "../helpers/seed.ts";
import { SIGNERS, type Signer } from "./webhook-signers.ts";
import { judgeBy, NOW, verdictOf } from "./webhook-world.ts";

const BODIES = 1000;
const URL_ = "https://sync.example.com/webhook/3b9a/it?x=1";
const KEY_URL = { Metadata: { key_url: "https://na.myconnectwise.net/keys/1" } };

const REFUSED = ["signature_mismatch", "malformed_body", "key_address_untrusted", "keys_unavailable"];

const word = (random: Random): string => random.below(36 ** 6).toString(36);

const bodyFor = ({ type }: Signer, random: Random): Buffer => {
  const fields = Object.fromEntries(Array.from({ length: 1 + random.below(3) }, () => [word(random), word(random)]));
  return Buffer.from(type ? new URLSearchParams(fields).toString() : JSON.stringify({ ...fields, ...KEY_URL }));
};

const flipped = (body: Buffer, random: Random): Buffer => {
  const copy = Buffer.from(body);
  const at = random.below(copy.length);
  copy[at] = copy[at]! ^ (1 << random.below(8));
  return copy;
};

type Options = {
  body: Buffer;
  at?: number;
  sends?: Buffer;
  deps?: Signer["deps"];
  headers?: Record<string, string>;
};

const headersOf = (signer: Signer, body: Buffer, at = NOW): Record<string, string> => ({
  "content-type": signer.type ?? "application/json",
  ...signer.signed({ url: URL_, body }, at),
});

const verdict = async (signer: Signer, { body, at, sends = body, deps = signer.deps, headers = {} }: Options) => {
  const request = { url: URL_, headers: { ...headersOf(signer, body, at), ...headers }, body: sends };
  return verdictOf(await judgeBy(signer.rule, request, deps));
};

for (const signer of SIGNERS.filter(({ isAlike }) => isAlike !== true)) {
  test(`${signer.says}: one flipped bit in each of 1,000 bodies is refused`, async (t) => {
    const random = seeded(t);
    const each = signer.isDear ? 50 : 1;
    for (let count = 0; count < BODIES; count += each) {
      const body = bodyFor(signer, random);
      const headers = headersOf(signer, body);
      for (let bit = 0; bit < each; bit += 1) {
        const request = { url: URL_, headers, body: flipped(body, random) };
        const found = verdictOf(await judgeBy(signer.rule, request, signer.deps));
        assert.ok(REFUSED.includes(found), `${found}: ${body.toString()}`);
      }
    }
    assert.equal(await verdict(signer, { body: bodyFor(signer, random) }), "verified");
  });
}

test("another secret does not fit, and JSON that was written anew is another body", async () => {
  const wrong = { webhookSecret: Buffer.from("another").toString("base64"), clientSecret: "another" };
  for (const signer of SIGNERS) {
    const body = Buffer.from(signer.type ? "b=2&a=1" : JSON.stringify({ b: 2, a: [1, 2], ...KEY_URL }));
    assert.equal(await verdict(signer, { body }), "verified", signer.says);
    const keys = { secrets: { ...wrong, app: undefined }, fetchKeys: async () => ({ signing_key: "another" }) };
    const other = await verdict(signer, { body, deps: keys });
    assert.ok(["signature_mismatch", "secret_unusable"].includes(other), `${signer.says}: ${other}`);
    if (signer.type) continue;
    const spaced = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));
    const sorted = Buffer.from(JSON.stringify({ a: [1, 2], b: 2, ...KEY_URL }));
    for (const sends of [spaced, sorted])
      assert.equal(await verdict(signer, { body, sends }), "signature_mismatch", signer.says);
  }
});

test("a signature counts for 5 minutes before and after, Calendly's for 3", async () => {
  const timed = SIGNERS.filter(({ window }) => window !== undefined);
  assert.ok(timed.length >= 8);
  for (const signer of timed) {
    const window = signer.window! * 1000;
    const body = Buffer.from("{}");
    for (const side of [-1, 1]) {
      assert.equal(await verdict(signer, { body, at: NOW + side * (window - 1000) }), "verified", signer.says);
      const late = await verdict(signer, { body, at: NOW + side * (window + 1000) });
      assert.equal(late, "timestamp_out_of_range", signer.says);
    }
  }
});

test("where the time is not what was signed, or cannot be read, it is refused", async () => {
  for (const [rule, header] of [
    ["slack", "x-slack-request-timestamp"],
    ["zendesk", "x-zendesk-webhook-signature-timestamp"],
  ] as const) {
    const signer = SIGNERS.find((one) => one.rule === rule)!;
    const body = Buffer.from("{}");
    const near = rule === "slack" ? String(NOW / 1000 - 1) : new Date(NOW - 1000).toISOString();
    assert.equal(await verdict(signer, { body, headers: { [header]: near } }), "signature_mismatch");
    assert.equal(await verdict(signer, { body, headers: { [header]: "yesterday" } }), "malformed_signature");
  }
});

test("without a signature it is refused once a secret is set, or when the provider's rule requires one", async () => {
  for (const { rule, deps, says } of SIGNERS) {
    const found = verdictOf(await judgeBy(rule, { body: KEY_URL }, deps));
    assert.equal(found, rule === "github-app" ? "unverified" : "missing_signature", says);
  }
  const app = SIGNERS.find(({ rule }) => rule === "github-app")!.deps.secrets;
  const both = { secrets: { ...app, webhookSecret: "set by hand" } };
  assert.equal(verdictOf(await judgeBy("github-app", { body: {} }, both)), "missing_signature");
});

test("without a secret it is unverified, or refused with what to configure", async () => {
  for (const rule of ["hubspot", "linear", "xero", "autotask", "jobber", "checkr-partner"]) {
    const judged = await judgeBy(rule, { body: {} });
    assert.equal(verdictOf(judged), "secret_not_configured", rule);
    assert.match(
      judged.kind === "refused" ? judged.message : "",
      /set the integration's (webhook|client) secret/,
      rule,
    );
    assert.equal(judged.kind === "refused" && judged.status, 401);
  }
  for (const rule of ["slack", "shopify", "jira", "notion", "attio", "calendly", "fathom", "folk", "github", "jobdiva"])
    assert.equal(verdictOf(await judgeBy(rule, { body: {} })), "unverified", rule);
});

test("a signature in another form is refused as such, and no refusal tells a secret", async () => {
  const secrets = { webhookSecret: "tell-nobody", clientSecret: "tell-nobody" };
  for (const [rule, headers] of [
    ["linear", { "linear-signature": "zz" }],
    ["linear", { "linear-signature": "abc" }],
    ["jira", { "x-hub-signature": "0".repeat(64) }],
    ["shopify", { "x-shopify-hmac-sha256": "not base64!" }],
    ["stripe", { "stripe-signature": "t=1" }],
    ["stripe", { "stripe-signature": `v1=${"0".repeat(64)}` }],
    ["fathom", { "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v2,AAAA" }],
  ] as const) {
    const judged = await judgeBy(rule, { headers, body: {} }, { secrets });
    assert.equal(verdictOf(judged), "malformed_signature", JSON.stringify(headers));
    assert.doesNotMatch(JSON.stringify(judged), /tell-nobody/);
  }
  const short = await judgeBy("linear", { headers: { "linear-signature": "00ff" }, body: {} }, { secrets });
  assert.equal(verdictOf(short), "signature_mismatch");
});
