// What the tests of webhooks share: a request, a rule by name, and the reason or the parts that come of it.

import { judge } from "../../src/providers/webhook/judge.ts";
import { ruleOf } from "../../src/providers/webhook/rules.ts";
import type { JudgeDeps, Judgement, WebhookRequest } from "../../src/providers/webhook/types.ts";

export const NO_SECRETS = { webhookSecret: undefined, clientSecret: undefined, app: undefined };
export const NOW = Date.parse("2026-03-04T05:06:07Z");

export type Sent = Partial<Omit<WebhookRequest, "body">> & { body?: string | Buffer | object };

/** A POST of JSON to us, as it would come. */
export const sent = ({ body = "", headers, ...rest }: Sent): WebhookRequest => ({
  method: "POST",
  url: "https://sync.example.com/webhook/3b9a/it",
  query: {},
  headers: { "content-type": "application/json", ...headers },
  body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  ...rest,
});

export type Known = Partial<Omit<JudgeDeps, "secrets">> & { secrets?: Partial<JudgeDeps["secrets"]> };

export const judgeBy = (rule: string, request: Sent, { secrets, ...known }: Known = {}): Promise<Judgement> => {
  const found = ruleOf({ webhook: rule });
  if (found === undefined) throw new Error(`there is no rule ${rule}`);
  return judge(found, sent(request), { now: NOW, ...known, secrets: { ...NO_SECRETS, ...secrets } });
};

/** `verified`, `unverified`, `answered`, or the reason of a refusal. */
export const verdictOf = (judged: Judgement): string => {
  if (judged.kind === "refused") return judged.reason;
  if (judged.kind === "answered") return "answered";
  return judged.isVerified ? "verified" : "unverified";
};
