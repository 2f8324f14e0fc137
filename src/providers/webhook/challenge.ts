// The answers to what providers ask before they send anything: a text that is sent back, or signed and sent back.
import { createHmac } from "node:crypto";
import { type Refusal, refuse } from "./refusal.ts";
import type { Challenge } from "./rule.ts";
import type { WebhookAnswer, WebhookRequest, WebhookSecrets } from "./types.ts";
import { isMet, type Material, textsOf } from "./values.ts";

// What is sent back was made up by whoever asks: it is short, and no browser may take it for a page.
const LONGEST = 4096;
const TEXT = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
// Only what looks like a token is signed: never a text that could be the signed part of a webhook.
const TOKEN = /^[A-Za-z0-9_-]{1,128}$/;

/** The challenge that a request is, with what is to be sent back. */
export type Asked = { challenge: Challenge; value: string };

export const challengeOf = (
  challenges: Challenge[],
  request: WebhookRequest,
  material: () => Material,
): Asked | undefined => {
  for (const challenge of challenges) {
    if (challenge.method !== request.method) continue;
    const [value] = textsOf(challenge.value, material());
    const isIt = value !== undefined && challenge.when.every((condition) => isMet(condition, material()));
    if (isIt && value.length <= LONGEST) return { challenge, value };
  }
  return undefined;
};

const json = (value: unknown): WebhookAnswer => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

export const answerChallenge = ({ challenge, value }: Asked, secrets: WebhookSecrets): WebhookAnswer | Refusal => {
  const { as } = challenge;
  if (as === "text") return { status: 200, headers: TEXT, body: value };
  if ("header" in as) return { status: 200, headers: { [as.header]: value } };
  const fields = Object.entries(as.json);
  if (!fields.some(([, what]) => what === "hmac"))
    return json(Object.fromEntries(fields.map(([name]) => [name, value])));
  const { webhookSecret } = secrets;
  if (!webhookSecret) return refuse("secret_not_configured", "To answer this, set the integration's webhook secret.");
  if (!TOKEN.test(value)) return refuse("malformed_body", "What is to be signed is no token.");
  const signed = createHmac("sha256", webhookSecret).update(value).digest("hex");
  return json(Object.fromEntries(fields.map(([name, what]) => [name, what === "hmac" ? signed : value])));
};
