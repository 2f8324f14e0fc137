// What becomes of a webhook as it comes, by its provider's rule: answered, refused, or accepted with what it is about.
import { partsOf } from "./parts.ts";
import { MALFORMED, readBody } from "./payload.ts";
import { REFUSALS, type Refusal, refuse } from "./refusal.ts";
import type { Answer, WebhookRule } from "./rule.ts";
import type { JudgeDeps, Judgement, Part, WebhookAnswer, WebhookRequest } from "./types.ts";
import { firstText } from "./values.ts";
import { verify } from "./verify.ts";

const refused = ({ code, message }: Refusal): Judgement => ({
  kind: "refused",
  status: REFUSALS[code],
  reason: code,
  message,
});

const answerOf = ({ status, headers, body }: Answer): WebhookAnswer => {
  if (body === undefined || body === null) return { status, headers };
  if (typeof body === "string")
    return { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body };
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
};

/** Judge one webhook. Reads nothing but what it is given, keeps nothing, and throws only what `deps` throw. */
export const judge = async (rule: WebhookRule, request: WebhookRequest, deps: JudgeDeps): Promise<Judgement> => {
  if (!rule.methods.includes(request.method)) {
    return refused(refuse("method_not_allowed", `This provider's webhooks do not come by ${request.method}.`));
  }
  const body = readBody(request);
  let parts: Part[] | undefined;
  const readParts = (): Part[] => (parts ??= body === MALFORMED ? [] : partsOf(rule, request, body));
  const verdict = await verify(rule, request, readParts, deps);
  if ("code" in verdict) return refused(verdict);
  if (body === MALFORMED) return refused(refuse("malformed_body", "The body says it is JSON and cannot be read."));
  const material = { body, part: body, headers: request.headers, query: request.query };
  return {
    kind: "accepted",
    isVerified: verdict.isVerified,
    deliveryId: rule.delivery && firstText([rule.delivery], material),
    parts: readParts(),
    answer: answerOf(rule.answer),
  };
};
