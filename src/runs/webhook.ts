// One webhook over the wire: its exact text, both signatures, and what the receiver answered.
import { createHash, createHmac } from "node:crypto";
import { canonicalJson } from "../crypto/canonical-json.ts";
import type { ClaimedDelivery } from "../db/outbox.ts";
import type { HttpClient } from "../outbound/client.ts";
import { USER_AGENT } from "../outbound/headers.ts";
import { networkError } from "../outbound/network-error.ts";

const TIMEOUT_MS = 20_000;

export type Attempt = { status: number | null; ms: number; error: string | null; retryAfterSeconds: number | null };

/** The body as sent: compact, keys sorted, so that every attempt sends the same bytes. */
export const webhookText = (body: Record<string, unknown>): string => canonicalJson(body);

/** The headers that let the receiver check that `text` is ours: HMAC-SHA256, and the older SHA-256 of key and text. */
export const signatureHeaders = (signingKey: string, text: string): Record<string, string> => ({
  "x-nango-hmac-sha256": createHmac("sha256", signingKey).update(text).digest("hex"),
  "x-nango-signature": createHash("sha256").update(signingKey).update(text).digest("hex"),
});

const retryAfterOf = (value: string | undefined): number | null => {
  if (value === undefined) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, Math.ceil(seconds)), 86_400) : null;
};

/** Send it once. Never rejects: a network failure is an attempt with an error. Redirects are not followed. */
export const sendWebhook =
  ({ http }: { http: HttpClient }) =>
  async (delivery: Pick<ClaimedDelivery, "uid" | "url" | "body">, signingKey: string): Promise<Attempt> => {
    const text = webhookText(delivery.body);
    const headers = {
      "content-type": "application/json",
      "user-agent": USER_AGENT,
      "webhook-id": delivery.uid,
      ...signatureHeaders(signingKey, text),
    };
    const startedAt = performance.now();
    const elapsed = () => Math.round(performance.now() - startedAt);
    try {
      const request = { method: "POST", url: new URL(delivery.url), headers, body: text };
      const answer = await http.exchange(request, AbortSignal.timeout(TIMEOUT_MS));
      const retryAfterSeconds = retryAfterOf(answer.headers["retry-after"]);
      return { status: answer.status, ms: elapsed(), error: null, retryAfterSeconds };
    } catch (cause) {
      const error = cause instanceof DOMException ? "ETIMEDOUT" : (networkError(cause).code as string);
      return { status: null, ms: elapsed(), error, retryAfterSeconds: null };
    }
  };
