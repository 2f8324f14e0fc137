// What an answer says about limits: whether it was refused for one, how long to wait, and what is left of a quota.
//
// Places, in this order: the headers that the provider's entry names, its place in the body, and then the usual ones:
// `Retry-After` (seconds, with a fraction or without, or a date), `X-RateLimit-Reset` and its spellings (epoch seconds or
// milliseconds, seconds left, or a date), `…-Reset-After` (seconds), and `RateLimit` of the IETF draft in both its forms.
// A refusal is a 429, or a 403 or 503 with such headers: GitHub and Google refuse with 403, BambooHR with 503.
import type { ProviderRetry } from "../providers/schema.ts";
import { readPath } from "../providers/template.ts";
import type { ProxyResponse } from "./types.ts";

export type Answer = Pick<ProxyResponse, "status" | "headers" | "data">;

/** What is left of a quota, of how many, and until it is full again; the last two where they are told. */
export type Quota = { remaining: number; limit: number | undefined; resetMs: number | undefined };

type Wait = number | undefined;

const YEAR_S = 31_536_000;
const UNDER_A_SECOND_MS = 1000;
const RETRY_AFTER = "retry-after";
const AFTER_HEADERS = ["x-ratelimit-reset-after", "x-rate-limit-reset-after"];
const RESET_HEADERS = ["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"];
const REMAINING_HEADERS = ["x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"];
// GitHub's, Google's and Salesforce's words. An error needs no more room than this to say what it is.
const LIMIT_WORDS = /rate.?limit.{0,20}exceeded|exceeded.{0,20}rate.?limit|REQUEST_LIMIT_EXCEEDED/i;
const WORDS_WITHIN = 4096;

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat());

const header = ({ headers }: Answer, name: string): string | undefined => headers[name.toLowerCase()]?.trim();

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);

const number = (text: string | undefined): number | undefined =>
  text !== undefined && isNumber(text) ? Number(text) : undefined;

/** Until the moment that `text` names: epoch seconds, epoch milliseconds (after 1971 when read as such) or a date. */
const untilTime = (text: string | undefined, now: number): Wait => {
  if (text === undefined) return undefined;
  const named = number(text);
  const at = named === undefined ? Date.parse(text) : named > YEAR_S * 1000 ? named : named * 1000;
  return at > now ? at - now : undefined;
};

// Servers round down: 0 means "under a second", and asking at once would only spend the attempts.
const seconds = (text: string | undefined): Wait => {
  const named = number(text);
  if (named === undefined || named < 0) return undefined;
  return named === 0 ? UNDER_A_SECOND_MS : Math.ceil(named * 1000);
};

const secondsOrDate = (text: string | undefined, now: number): Wait =>
  text !== undefined && isNumber(text) ? seconds(text) : untilTime(text, now);

// Less than a year cannot be an epoch, so it counts seconds.
const reset = (text: string | undefined, now: number): Wait =>
  (number(text) ?? YEAR_S) < YEAR_S ? seconds(text) : untilTime(text, now);

const longest = (waits: Wait[]): Wait => {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
};

/** The limits in `RateLimit`: `"day";r=0;t=90, "hour";r=5` of newer drafts, `limit=100, remaining=0, reset=5` of older ones. */
const structured = (answer: Answer): Quota[] => {
  const text = header(answer, "ratelimit");
  if (text === undefined) return [];
  const quota = (item: string, remaining: RegExp, limit: RegExp, left: RegExp): Quota[] => {
    const found = number(remaining.exec(item)?.[1]);
    if (found === undefined) return [];
    return [{ remaining: found, limit: number(limit.exec(item)?.[1]), resetMs: seconds(left.exec(item)?.[1]) }];
  };
  if (/\bremaining=/.test(text)) return quota(text, /remaining=(\d+)/, /limit=(\d+)/, /reset=(\d+)/);
  return text.split(",").flatMap((item) => quota(item, /;\s*r=(\d+)/, /;\s*q=(\d+)/, /;\s*t=(\d+)/));
};

const usualReset = (answer: Answer, now: number): Wait =>
  longest([
    ...AFTER_HEADERS.map((name) => seconds(header(answer, name))),
    ...RESET_HEADERS.map((name) => reset(header(answer, name), now)),
  ]);

const plainQuotas = (answer: Answer, retry: ProviderRetry | undefined, now: number): Quota[] => {
  const names = retry?.remaining === undefined ? REMAINING_HEADERS : [retry.remaining];
  return names.flatMap((name) => {
    const remaining = number(header(answer, name));
    if (remaining === undefined) return [];
    const resetMs = longest(list(retry?.at).map((at) => untilTime(header(answer, at), now))) ?? usualReset(answer, now);
    const limit = Number.parseInt(header(answer, name.toLowerCase().replace("remaining", "limit")) ?? "", 10);
    return [{ remaining, limit: Number.isNaN(limit) ? undefined : limit, resetMs }];
  });
};

/** The quota that is nearest its end; of several at their end the one that is longest full again. A limit of 0 is none. */
export const quotaOf = (answer: Answer, retry: ProviderRetry | undefined, now: number): Quota | undefined => {
  const told = [...plainQuotas(answer, retry, now), ...structured(answer)].filter(({ limit }) => limit !== 0);
  const left = ({ remaining }: Quota): number => Math.max(remaining, 0);
  return told.sort((a, b) => left(a) - left(b) || (b.resetMs ?? 0) - (a.resetMs ?? 0))[0];
};

const isUsedUp = (answer: Answer, retry: ProviderRetry | undefined): boolean =>
  (quotaOf(answer, retry, 0)?.remaining ?? 1) <= 0;

const saysSo = ({ data }: Answer): boolean => {
  const text = typeof data === "string" ? data : (JSON.stringify(data) ?? "");
  return LIMIT_WORDS.test(text.slice(0, WORDS_WITHIN));
};

/** True when the provider refused because of a limit, and not because of the request. */
export const isLimited = (answer: Answer, retry: ProviderRetry | undefined): boolean => {
  const { status } = answer;
  if (status === 429) return true;
  if (status !== 403 && status !== 503) return false;
  const hasAdvice = [RETRY_AFTER, ...list(retry?.after)].some(
    (name) => secondsOrDate(header(answer, name), 0) !== undefined,
  );
  return hasAdvice || isUsedUp(answer, retry) || (status === 403 && saysSo(answer));
};

const fromEntryHeaders = (answer: Answer, retry: ProviderRetry, now: number): Wait => {
  const after = longest(list(retry.after).map((name) => secondsOrDate(header(answer, name), now)));
  // Many APIs send the reset time with every answer. With quota left it is no reason for a server fault to wait, nor for
  // a refusal that names a wait of its own: GitHub's secondary limits say 60 s while the reset is most of an hour away.
  const hasQuota = retry.remaining !== undefined && Number(header(answer, retry.remaining) ?? 0) > 0;
  if (hasQuota && (answer.status >= 500 || after !== undefined)) return after;
  return longest([after, ...list(retry.at).map((name) => untilTime(header(answer, name), now))]);
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

const fromUsualHeaders = (answer: Answer, retry: ProviderRetry | undefined, now: number): Wait => {
  const asked = secondsOrDate(header(answer, RETRY_AFTER), now);
  if (asked !== undefined || !(isLimited(answer, retry) || isUsedUp(answer, retry))) return asked;
  return (
    usualReset(answer, now) ??
    longest(structured(answer).map(({ remaining, resetMs }) => (remaining > 0 ? undefined : resetMs)))
  );
};

/** How long the answer asks to wait, in milliseconds; undefined when it does not say. `now` is epoch milliseconds. */
export const askedWaitMs = (answer: Answer, retry: ProviderRetry | undefined, now: number): number | undefined =>
  (retry && (fromEntryHeaders(answer, retry, now) ?? fromBody(answer, retry, now))) ??
  fromUsualHeaders(answer, retry, now);
