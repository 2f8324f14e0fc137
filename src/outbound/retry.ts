// Whether to try again after an answer outside 2xx, and how long to wait first.
//
// Decision: the provider's own list of statuses, or 5xx, 429 and 401 where it has none; else the caller's `retryOn`;
// else a "remaining" header that has reached 0.
// Wait: the longest that the provider's headers ask for; else what its body says; where the entry names no such place,
// `Retry-After` and the usual reset headers; else 3 s, 6 s, 12 s … up to 10 minutes. A wait asked for has no upper limit.
import type { ProviderRetry } from "../providers/schema.ts";
import { readPath } from "../providers/template.ts";
import type { ProxyResponse } from "./types.ts";

const FIRST_WAIT_MS = 3000;
const LONGEST_WAIT_MS = 600_000;
const YEAR_S = 31_536_000;
const RETRY_AFTER = "retry-after";
const SECONDS_HEADERS = ["x-ratelimit-reset-after", "x-rate-limit-reset-after", "ratelimit-reset"];
const RESET_HEADERS = ["x-ratelimit-reset", "x-rate-limit-reset"];
const REMAINING_HEADERS = ["x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"];

type Answer = Pick<ProxyResponse, "status" | "headers" | "data">;
type Wait = number | undefined;

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat());

const header = ({ headers }: Answer, name: string): string | undefined => headers[name.toLowerCase()]?.trim();

const isNumber = (text: string): boolean => /^\d+(\.\d+)?$/.test(text);

const matchesStatus = (pattern: string, status: number): boolean => {
  if (pattern.endsWith("xx")) return Math.floor(status / 100) === Number(pattern[0]);
  const [from, to = from] = pattern.split("-").map(Number);
  return status >= from! && status <= to!;
};

/** True when another attempt may succeed. */
export const isRetryable = (answer: Answer, retry: ProviderRetry | undefined, retryOn: number[] = []): boolean => {
  const { status } = answer;
  const byStatus = retry?.error_code
    ? retry.error_code.some((pattern) => matchesStatus(pattern, status))
    : status >= 500 || status === 429 || status === 401;
  if (byStatus || retryOn.includes(status)) return true;
  return retry?.remaining !== undefined && header(answer, retry.remaining) === "0";
};

/** Until the moment that `text` names: epoch seconds, epoch milliseconds (after 1971 when read as such) or a date. */
const untilTime = (text: string | undefined, now: number): Wait => {
  if (text === undefined) return undefined;
  const number = Number(text);
  const at = isNumber(text) ? (number > YEAR_S * 1000 ? number : number * 1000) : Date.parse(text);
  return at > now ? at - now : undefined;
};

const seconds = (text: string | undefined): Wait =>
  text !== undefined && isNumber(text) ? Math.ceil(Number(text) * 1000) : undefined;

const longest = (waits: Wait[]): Wait => {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
};

const fromEntryHeaders = (answer: Answer, retry: ProviderRetry, now: number): Wait => {
  // Many APIs send the reset time with every answer; a server fault with quota left is no reason to wait for it.
  const hasQuota = retry.remaining !== undefined && Number(header(answer, retry.remaining) ?? 0) > 0;
  const at = answer.status >= 500 && hasQuota ? [] : list(retry.at);
  return longest([
    ...at.map((name) => untilTime(header(answer, name), now)),
    ...list(retry.after).map((name) => seconds(header(answer, name))),
  ]);
};

const fromBody = ({ data }: Answer, { in_body: place }: ProviderRetry, now: number): Wait => {
  if (place === undefined) return undefined;
  const text = readPath(data, place.path);
  if (typeof text !== "string") return undefined;
  // Catalogues write the pattern with or without slashes around it.
  const found = new RegExp(place.value.replace(/^\/(.*)\/[a-z]*$/s, "$1")).exec(text);
  const moment = found?.[1] ?? found?.[0];
  return place.strategy === "at" ? untilTime(moment, now) : seconds(moment);
};

const fromUsualHeaders = (answer: Answer, now: number): Wait => {
  const retryAfter = header(answer, RETRY_AFTER);
  const asked = seconds(retryAfter) ?? untilTime(retryAfter, now);
  const isLimited = answer.status === 429 || REMAINING_HEADERS.some((name) => header(answer, name) === "0");
  if (asked !== undefined || !isLimited) return asked;
  return longest([
    ...SECONDS_HEADERS.map((name) => seconds(header(answer, name))),
    ...RESET_HEADERS.map((name) => {
      const reset = header(answer, name);
      // Less than a year cannot be an epoch, so it counts seconds.
      return reset !== undefined && Number(reset) < YEAR_S ? seconds(reset) : untilTime(reset, now);
    }),
  ]);
};

/** 3 s, doubled with each retry made before, up to 10 minutes. */
export const backoffMs = (retriesMade: number): number => Math.min(FIRST_WAIT_MS * 2 ** retriesMade, LONGEST_WAIT_MS);

/** Milliseconds to wait before the next attempt; `now` is epoch milliseconds, `retriesMade` counts from 0. */
export const retryWaitMs = (
  answer: Answer,
  retry: ProviderRetry | undefined,
  { now, retriesMade }: { now: number; retriesMade: number },
): number => {
  const hasPlace = retry !== undefined && (retry.at ?? retry.after ?? retry.in_body) !== undefined;
  const asked = hasPlace
    ? (fromEntryHeaders(answer, retry, now) ?? fromBody(answer, retry, now))
    : fromUsualHeaders(answer, now);
  return asked ?? backoffMs(retriesMade);
};
