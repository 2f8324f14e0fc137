// One bucket as this process counts it: until when it is blocked, and what is left in the window that its answers told of.
import type { Quota } from "./rate-limit-headers.ts";

const ROUNDED_BY_MS = 1_000;

export type BucketState = {
  blockedUntil: number;
  /** Until when the others know of it. */
  toldUntil: number;
  /** The quota's window: what is left of it by our own count, when it ends, how long and how much it is. */
  left: number;
  windowEndsAt: number;
  windowMs: number;
  limit: number;
  /** The number of the last request before it. */
  windowFrom: number;
  /** How many requests were sent, and when those were that have no answer yet, by their number. */
  sent: number;
  underWay: Map<number, number>;
  waiting: Set<AbortController>;
};

/** A bucket of which nothing is known. */
export const newState = (): BucketState => ({
  blockedUntil: 0,
  toldUntil: 0,
  left: Number.POSITIVE_INFINITY,
  windowEndsAt: 0,
  windowMs: 0,
  limit: Number.POSITIVE_INFINITY,
  windowFrom: 0,
  sent: 0,
  underWay: new Map(),
  waiting: new Set(),
});

/** True when forgetting it loses nothing. */
export const isIdle = ({ blockedUntil, windowEndsAt, underWay, waiting }: BucketState, now: number): boolean =>
  underWay.size === 0 && waiting.size === 0 && blockedUntil <= now && windowEndsAt <= now;

const startWindow = (state: BucketState, now: number): void => {
  // Resets are told in whole seconds: what was sent in the last one may count in the new window already.
  const since = state.windowEndsAt - ROUNDED_BY_MS;
  const early = [...state.underWay.values()].filter((sentAt) => sentAt > since).length;
  state.left = state.limit - early;
  state.windowFrom = state.sent;
  state.windowEndsAt = now + state.windowMs; // many start with their first request; the answers will say
};

/** Until when the next request must wait; 0 when it may go. */
export const heldUntil = (state: BucketState, now: number): number => {
  if (state.blockedUntil > now) return state.blockedUntil;
  if (state.windowEndsAt === 0) return 0;
  if (state.windowEndsAt <= now) startWindow(state, now);
  // The count may be off by what the provider counts otherwise: with nothing under way that could correct it, ask.
  return state.left <= 0 && state.underWay.size > 0 ? state.windowEndsAt : 0;
};

/** Let all that wait look again. */
export const wakeAll = ({ waiting }: BucketState): void => {
  for (const one of waiting) one.abort();
};

/** Take over what the answer to request number `ticket` says is left, less what was sent since. */
export const countQuota = (
  state: BucketState,
  { remaining, limit, resetMs }: Quota,
  ticket: number,
  now: number,
): void => {
  if (resetMs === undefined) return;
  const isOfLastWindow = ticket <= state.windowFrom && now + resetMs < state.windowEndsAt - ROUNDED_BY_MS;
  if (isOfLastWindow) return;
  state.left = remaining - (state.sent - ticket);
  state.windowEndsAt = now + resetMs;
  state.windowMs = Math.max(state.windowMs, resetMs);
  state.limit = limit ?? Number.POSITIVE_INFINITY;
};
