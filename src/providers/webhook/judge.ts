// What becomes of a webhook as it comes, by its provider's rule: answered, refused, or accepted with what it is about.
import { randomUUID } from "node:crypto";
import { type Asked, answerChallenge, challengeOf } from "./challenge.ts";
import { partsOf } from "./parts.ts";
import { MALFORMED, readBody } from "./payload.ts";
import { REFUSALS, type Refusal, refuse } from "./refusal.ts";
import type { Answer, WebhookRule } from "./rule.ts";
import type { JudgeDeps, Judgement, Part, WebhookAnswer, WebhookRequest } from "./types.ts";
import { firstText, isMet, type Material } from "./values.ts";
import { verify } from "./verify.ts";

const refused = ({ code, message }: Refusal): Judgement => ({
  kind: "refused",
  status: REFUSALS[code],
  reason: code,
  message,
});

const answerOf = ({ answer, answers }: WebhookRule, material: Material): WebhookAnswer => {
  const { status, headers, body }: Answer =
    answers.find(({ when }) => when.every((one) => isMet(one, material))) ?? answer;
  if (body === undefined || body === null) return { status, headers };
  if (typeof body === "string")
    return { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body };
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
};

const deliveryOf = ({ delivery }: WebhookRule, material: Material): string | undefined =>
  delivery === "each" ? randomUUID() : firstText(delivery, material);

/** What answers a challenge is nobody's event; where it is kept somebody sees it. */
const answered = (asked: Asked, deps: JudgeDeps, from: Part["from"]): Judgement => {
  const answer = answerChallenge(asked, deps.secrets);
  if ("code" in answer) return refused(answer);
  if (!asked.challenge.isKept) return { kind: "answered", answer };
  const parts: Part[] = [{ events: [], lookups: [], from, at: [] }];
  return { kind: "accepted", isVerified: false, deliveryId: undefined, parts, answer };
};

const read = (rule: WebhookRule, request: WebhookRequest) => {
  let body: unknown;
  let parts: Part[] | undefined;
  const readOnce = (): unknown => {
    body ??= readBody(request);
    return body;
  };
  return {
    material: (): Material => ({ body: readOnce(), part: body, headers: request.headers, query: request.query }),
    parts: (): Part[] => {
      parts ??= readOnce() === MALFORMED ? [] : partsOf(rule, request, body);
      return parts;
    },
  };
};

/** Judge one webhook. Keeps nothing, and throws only what `connectionSecrets` throws. */
export const judge = async (rule: WebhookRule, request: WebhookRequest, deps: JudgeDeps): Promise<Judgement> => {
  const content = read(rule, request);
  const asked = challengeOf(rule.challenges, request, content.material);
  if (asked && !asked.challenge.isSigned) return answered(asked, deps, rule.from);
  if (!rule.methods.includes(request.method))
    return refused(refuse("method_not_allowed", `This provider's webhooks do not come by ${request.method}.`));
  const verdict = await verify(rule, request, content, deps);
  if ("code" in verdict) return refused(verdict);
  if (content.material().body === MALFORMED)
    return refused(refuse("malformed_body", "The body says it is JSON and cannot be read."));
  if (asked) return answered(asked, deps, rule.from);
  return {
    kind: "accepted",
    isVerified: verdict.isVerified,
    deliveryId: deliveryOf(rule, content.material()),
    parts: content.parts(),
    answer: answerOf(rule, content.material()),
  };
};
