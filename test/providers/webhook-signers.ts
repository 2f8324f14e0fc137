// How each provider signs, written apart from how we verify: one signer for each scheme that covers the body.
import { createHash, createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { JudgeDeps, WebhookRequest } from "../../src/providers/webhook/types.ts";

/** `signed`: the request's headers with a signature made at `at` (ms). `window`: seconds, where the scheme has a timestamp. */
export type Signer = {
  says: string;
  rule: string;
  deps: Partial<Omit<JudgeDeps, "secrets">> & { secrets: Partial<JudgeDeps["secrets"]> };
  window?: number;
  type?: string;
  /** As one above it, but for names and numbers. */
  isAlike?: boolean;
  /** Signing costs 500 times what verifying does. */
  isDear?: boolean;
  signed: (request: Pick<WebhookRequest, "url" | "body">, at: number) => Record<string, string>;
};

const KEY = "correct horse battery staple";
const WH = { secrets: { webhookSecret: KEY } };
const CS = { secrets: { clientSecret: KEY } };
const mac = (
  hash: string,
  key: string | Buffer,
  encoding: "hex" | "base64",
  ...pieces: (string | Buffer)[]
): string => {
  const hmac = createHmac(hash, key);
  for (const piece of pieces) hmac.update(piece);
  return hmac.digest(encoding);
};
const seconds = (at: number): string => String(Math.floor(at / 1000));

const plain = (
  rule: string,
  header: string,
  { hash = "sha256", encoding = "hex" as "hex" | "base64", prefix = "", deps = WH as Signer["deps"] } = {},
): Signer => ({
  says: `${rule}: ${hash} in ${encoding}${prefix && ` behind ${prefix}`}`,
  rule,
  deps,
  signed: ({ body }) => ({ [header]: prefix + mac(hash, KEY, encoding, body) }),
});

const standardKey = createHash("sha256").update("standard").digest();
const standard = (names: "webhook" | "svix"): Signer => ({
  says: `fathom: standard webhooks, named ${names}`,
  rule: "fathom",
  isAlike: names === "svix",
  deps: { secrets: { webhookSecret: `whsec_${standardKey.toString("base64")}` } },
  window: 300,
  signed: ({ body }, at) => ({
    [`${names}-id`]: "msg_1",
    [`${names}-timestamp`]: seconds(at),
    [`${names}-signature`]: `v1,${mac("sha256", standardKey, "base64", `msg_1.${seconds(at)}.`, body)}`,
  }),
});

const app = { id: "99", privateKey: "-----BEGIN RSA PRIVATE KEY-----", link: "https://github.com/apps/acme" };
const appKey = createHash("sha256").update(`${app.id}${app.privateKey}${app.link}`).digest("hex");

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");
const pem = (key: typeof rsa.publicKey) => ({
  secrets: { webhookSecret: key.export({ type: "spki", format: "pem" }) as string },
});

const SIGNING_KEY = "connectwise signing key";

export const SIGNERS: Signer[] = [
  plain("linear", "linear-signature"),
  plain("jira", "x-hub-signature", { prefix: "sha256=" }),
  plain("jobdiva", "x-hub-signature", { hash: "sha1", prefix: "sha1=" }),
  plain("shopify", "x-shopify-hmac-sha256", { encoding: "base64", deps: CS }),
  plain("autotask", "x-hook-signature", { hash: "sha1", encoding: "base64" }),
  plain("pagerduty", "x-pagerduty-signature", { prefix: "v1=" }),
  {
    says: "github-app: the key follows from the app",
    rule: "github-app",
    deps: { secrets: { app } },
    signed: ({ body }) => ({ "x-hub-signature-256": `sha256=${mac("sha256", appKey, "hex", body)}` }),
  },
  standard("webhook"),
  standard("svix"),
  {
    says: "stripe: t=,v1=",
    rule: "stripe",
    deps: WH,
    window: 300,
    signed: ({ body }, at) => ({
      "stripe-signature": `t=${seconds(at)},v1=${mac("sha256", KEY, "hex", `${seconds(at)}.`, body)},v0=00`,
    }),
  },
  {
    says: "calendly: t=,v1= within 3 minutes",
    rule: "calendly",
    deps: WH,
    isAlike: true,
    window: 180,
    signed: ({ body }, at) => ({
      "calendly-webhook-signature": `t=${seconds(at)},v1=${mac("sha256", KEY, "hex", `${seconds(at)}.`, body)}`,
    }),
  },
  ...[
    { rule: "slack", signature: "x-slack-signature", time: "x-slack-request-timestamp" },
    { rule: "zoom", signature: "x-zm-signature", time: "x-zm-request-timestamp" },
  ].map(
    ({ rule, signature, time }): Signer => ({
      says: `${rule}: v0:time:body`,
      rule,
      deps: WH,
      isAlike: rule === "zoom",
      window: 300,
      signed: ({ body }, at) => ({
        [time]: seconds(at),
        [signature]: `v0=${mac("sha256", KEY, "hex", `v0:${seconds(at)}:`, body)}`,
      }),
    }),
  ),
  {
    says: "hubspot v1: secret and body",
    rule: "hubspot",
    deps: CS,
    signed: ({ body }) => ({ "x-hubspot-signature": createHash("sha256").update(KEY).update(body).digest("hex") }),
  },
  {
    says: "hubspot v2: secret, method, address and body",
    rule: "hubspot",
    deps: CS,
    signed: ({ body, url }) => ({
      "x-hubspot-signature-version": "v2",
      "x-hubspot-signature": createHash("sha256").update(`${KEY}POST${url}`).update(body).digest("hex"),
    }),
  },
  {
    says: "hubspot v3: method, address, body and time",
    rule: "hubspot",
    deps: CS,
    window: 300,
    signed: ({ body, url }, at) => ({
      "x-hubspot-request-timestamp": String(at),
      "x-hubspot-signature-v3": mac("sha256", KEY, "base64", `POST${url}`, body, String(at)),
    }),
  },
  {
    says: "zendesk: time and body in base64",
    rule: "zendesk",
    deps: WH,
    window: 300,
    signed: ({ body }, at) => ({
      "x-zendesk-webhook-signature-timestamp": new Date(at).toISOString(),
      "x-zendesk-webhook-signature": mac("sha256", KEY, "base64", new Date(at).toISOString(), body),
    }),
  },
  {
    says: "sellsy: sha1 of secret and body",
    rule: "sellsy",
    deps: WH,
    signed: ({ body }) => ({ "x-webhook-signature": createHash("sha1").update(KEY).update(body).digest("hex") }),
  },
  {
    says: "highlevel: RSA",
    rule: "highlevel",
    deps: pem(rsa.publicKey),
    isDear: true,
    signed: ({ body }) => ({ "x-wh-signature": sign("sha256", body, rsa.privateKey).toString("base64") }),
  },
  {
    says: "highlevel: Ed25519",
    rule: "highlevel",
    deps: pem(ed25519.publicKey),
    isDear: true,
    signed: ({ body }) => ({ "x-ghl-signature": sign(null, body, ed25519.privateKey).toString("base64") }),
  },
  {
    says: "airtable: the secret is base64",
    rule: "airtable",
    deps: { secrets: { webhookSecret: Buffer.from(KEY).toString("base64") } },
    signed: ({ body }) => ({ "x-airtable-content-mac": `hmac-sha256=${mac("sha256", KEY, "hex", body)}` }),
  },
  {
    says: "twilio: address and sorted form",
    rule: "twilio",
    deps: WH,
    type: "application/x-www-form-urlencoded",
    signed: ({ body, url }) => {
      const fields = [...new URLSearchParams(body.toString())].sort(([a], [b]) => (a < b ? -1 : 1));
      return { "x-twilio-signature": mac("sha1", KEY, "base64", url, fields.flat().join("")) };
    },
  },
  {
    says: "connectwise: a key that is fetched",
    rule: "connectwise-psa",
    deps: { secrets: {}, fetchKeys: async () => ({ signing_key: SIGNING_KEY }) },
    signed: ({ body }) => ({
      "x-content-signature": mac("sha256", createHash("sha256").update(SIGNING_KEY).digest(), "base64", body),
    }),
  },
];
