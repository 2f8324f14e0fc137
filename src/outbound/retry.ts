// Whether to try again after an answer outside 2xx, and how long to wait first.
//
// Decision: the provider's own list of statuses, or 5xx, 429 and 401 where it has none, and a 403 that a limit is the reason
// of; else the caller's `retryOn`; else a "remaining" header that has reached 0.
// Wait: what the answer asks for (rate-limit-headers.ts); else 3 s, 6 s, 12 s … up to 10 minutes. A wait asked for has no
// upper limit.
import type { ProviderRetry } from "../providers/schema.ts";
import { type Answer, askedWaitMs, isLimited } from "./rate-limit-headers.ts";

const FIRST_WAIT_MS = 3000;
const LONGEST_WAIT_MS = 600_000;

const matchesStatus = (pattern: string, status: number): boolean => {
  if (pattern.endsWith("xx")) return Math.floor(status / 100) === Number(pattern[0]);
  const [from, to = from] = pattern.split("-").map(Number);
  return status >= from! && status <= to!;
};

/** True when another attempt may succeed. */
export const isRetryable = (answer: Answer, retry: ProviderRetry | undefined, retryOn: number[] = []): boolean => {
  const { status, headers } = answer;
  const byStatus = retry?.error_code
    ? retry.error_code.some((pattern) => matchesStatus(pattern, status))
    : status >= 500 || status === 401 || isLimited(answer, retry);
  if (byStatus || retryOn.includes(status)) return true;
  return retry?.remaining !== undefined && headers[retry.remaining.toLowerCase()]?.trim() === "0";
};

/** 3 s, doubled with each retry made before, up to 10 minutes. */
export const backoffMs = (retriesMade: number): number => Math.min(FIRST_WAIT_MS * 2 ** retriesMade, LONGEST_WAIT_MS);

/** Milliseconds to wait before the next attempt; `now` is epoch milliseconds, `retriesMade` counts from 0. */
export const retryWaitMs = (
  answer: Answer,
  retry: ProviderRetry | undefined,
  { now, retriesMade }: { now: number; retriesMade: number },
): number => askedWaitMs(answer, retry, now) ?? backoffMs(retriesMade);
