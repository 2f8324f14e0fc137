// One webhook over the wire: its signatures, and what the receiver answered.
import { createHash, createHmac } from "node:crypto";
import { canonicalJson } from "../crypto/canonical-json.ts";
import type { HttpClient, OpenResponse } from "../outbound/client.ts";
import { USER_AGENT } from "../outbound/headers.ts";
import { networkError } from "../outbound/network-error.ts";

const TIMEOUT_MS = 20_000; // for all of it, the answer's body too
const MOST_OF_ANSWER = 4096; // nobody reads it: what is longer is cut off

/** What is sent: the same bytes at every attempt. */
export type Message = { headers: Record<string, string>; body: string | Buffer };

/** A JSON message: compact, keys sorted. */
export const jsonMessage = (value: unknown, headers: Record<string, string> = {}): Message => ({
  headers: { ...headers, "content-type": "application/json" },
  body: canonicalJson(value),
});

export type Attempt = { status: number | null; ms: number; error: string | null; retryAfterSeconds: number | null };

/**
 * The headers that let the receiver check that `body` is ours: HMAC-SHA256, the older SHA-256 of key and body, and those of
 * standardwebhooks.com, whose id stays over all attempts. Signed with node:crypto: the library does it in plain JavaScript,
 * on the only thread, and takes bytes that are no text for text.
 */
export const signatureHeaders = (key: string, id: string, body: string | Buffer, at: Date): Record<string, string> => {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return {
    "x-nango-hmac-sha256": createHmac("sha256", key).update(body).digest("hex"),
    "x-nango-signature": createHash("sha256").update(key).update(body).digest("hex"),
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
};

const retryAfterOf = (value: string | undefined): number | null => {
  if (value === undefined) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, Math.ceil(seconds)), 86_400) : null;
};

// To the end where it is short, so that the connection serves again; else the connection goes.
const readAway = async ({ body }: OpenResponse): Promise<void> => {
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > MOST_OF_ANSWER) return;
  }
};

/** Send it once. Never rejects but when `stop` is aborted: a network failure is an attempt with an error. Redirects are not followed. */
export const sendWebhook =
  ({ http, stop }: { http: HttpClient; stop?: AbortSignal }) =>
  async (to: { url: string; uid: string; signingKey: string }, { headers, body }: Message): Promise<Attempt> => {
    const startedAt = performance.now();
    const elapsed = () => Math.round(performance.now() - startedAt);
    try {
      const signed = {
        ...headers,
        "user-agent": USER_AGENT,
        ...signatureHeaders(to.signingKey, to.uid, body, new Date()),
      };
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const signal = stop === undefined ? timeout : AbortSignal.any([stop, timeout]);
      const answer = await http.open({ method: "POST", url: new URL(to.url), headers: signed, body }, signal);
      await readAway(answer);
      const retryAfterSeconds = retryAfterOf(answer.headers["retry-after"]);
      return { status: answer.status, ms: elapsed(), error: null, retryAfterSeconds };
    } catch (cause) {
      stop?.throwIfAborted();
      const error = cause instanceof DOMException ? "ETIMEDOUT" : (networkError(cause).code as string);
      return { status: null, ms: elapsed(), error, retryAfterSeconds: null };
    }
  };
