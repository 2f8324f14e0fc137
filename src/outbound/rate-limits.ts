// What this process knows of providers' limits, so that a request that would be refused waits instead of being sent.
//
// Two things hold a request back. A block: the provider refused (429 and the like), or said that nothing is left of its quota,
// and named a time. Blocks of a second and more are told to all processes through `shared`; a shorter one is over before they
// hear of it. And the count: between two answers each request sent takes one off what the last answer said is left, so that
// parallel requests do not overdraw it, and a fresh window starts with as many as its limit says.
//
// A block only moves forward, up to a day: while it stands nobody asks, so no answer could shorten it; an operator lifts it.
// A refusal without a time holds the account for 3 s; only the request itself waits longer each time (retry.ts).
// Those who waited go on spread over a tenth of their wait, at most 10 s, and not in one burst.
//
// A request that nothing holds costs no statement: a look into a map and reading the answer, 1 to 4 us.
import type { Logger } from "../log.ts";
import { systemClock } from "./clock.ts";
import { type Bucket, bucketKey, bucketOf } from "./rate-limit-bucket.ts";
import { type Answer, askedWaitMs, isLimited, type Quota, quotaOf } from "./rate-limit-headers.ts";
import { type BucketState, countQuota, heldUntil, isIdle, newState, wakeAll } from "./rate-limit-state.ts";
import { backoffMs } from "./retry.ts";
import { type Clock, type ProxyTarget, type SendOptions, UpstreamError } from "./types.ts";

const SHARED_FROM_MS = 1_000;
const LONGEST_BLOCK_MS = 24 * 60 * 60 * 1000;
// Answers to parallel requests name the same time some milliseconds apart: that is one block.
const SAME_MS = 50;
const SPREAD = 0.1;
const LONGEST_SPREAD_MS = 10_000;
const BUCKETS_KEPT = 10_000;

/** A block as one process tells it to the others. `remaining` is what the answer said is left, where it did. */
export type Learned = Bucket & { waitMs: number; source: "refused" | "used_up"; remaining: number | null };

/** A block as heard from others; `waitMs` 0 lifts it. */
export type Heard = Bucket & { waitMs: number };

/** Where processes tell each other what they learned; `learn` answers with the milliseconds that stand now. */
export type SharedLimits = {
  learn: (block: Learned) => Promise<number>;
  onHeard: (hear: (block: Heard) => void) => void;
};

const blockIn = (
  answer: Answer,
  target: ProxyTarget,
  quota: Quota | undefined,
  now: number,
): Omit<Learned, keyof Bucket> | undefined => {
  const retry = target.provider.proxy?.retry;
  const remaining = quota?.remaining ?? null;
  if (isLimited(answer, retry)) {
    const waitMs = Math.min(askedWaitMs(answer, retry, now) ?? backoffMs(0), LONGEST_BLOCK_MS);
    return { waitMs, source: "refused", remaining };
  }
  if (quota === undefined || quota.remaining > 0 || quota.resetMs === undefined) return undefined;
  return { waitMs: Math.min(quota.resetMs, LONGEST_BLOCK_MS), source: "used_up", remaining };
};

const notSent = (host: string, until: number, ms: number): UpstreamError => {
  const message = `The limit of ${host} is reached until ${new Date(until).toISOString()}: the request was not sent`;
  const headers = { "retry-after": String(Math.ceil(ms / 1000)) };
  return new UpstreamError(message, { status: 429, statusText: "Too Many Requests", headers, data: { message } });
};

export type RateLimits = ReturnType<typeof createRateLimits>;

/** The limits of one process. Without `shared` it learns only from its own requests. */
export const createRateLimits = (
  deps: { clock?: Clock; shared?: SharedLimits; random?: () => number; log?: Logger } = {},
) => {
  const { clock = systemClock, shared, random = Math.random, log } = deps;
  const states = new Map<string, BucketState>();
  let sweepAt = BUCKETS_KEPT;

  const stateOf = (bucket: Bucket): BucketState => {
    const key = bucketKey(bucket);
    const known = states.get(key);
    if (known !== undefined) return known;
    if (states.size >= sweepAt) {
      for (const [old, state] of states) if (isIdle(state, clock.now())) states.delete(old);
      sweepAt = Math.max(BUCKETS_KEPT, states.size * 2);
    }
    const made = newState();
    states.set(key, made);
    return made;
  };

  const hear = ({ waitMs, ...bucket }: Heard): void => {
    const state = stateOf(bucket);
    const until = clock.now() + waitMs;
    state.blockedUntil = waitMs === 0 ? 0 : Math.max(state.blockedUntil, until);
    state.toldUntil = waitMs === 0 ? 0 : Math.max(state.toldUntil, until);
    if (waitMs === 0) wakeAll(state);
  };
  shared?.onHeard(hear);

  const tell = (state: BucketState, block: Learned): void => {
    if (shared === undefined || block.waitMs < SHARED_FROM_MS || state.blockedUntil <= state.toldUntil + SAME_MS)
      return;
    state.toldUntil = state.blockedUntil;
    shared.learn(block).then(
      (waitMs) => {
        if (waitMs > 0) hear({ ...block, waitMs });
      },
      (err) => {
        state.toldUntil = 0;
        log?.warn(
          { event: "rate_limit.not_told", host: block.host, err },
          "other processes will meet this limit themselves",
        );
      },
    );
  };

  const pause = async (state: BucketState, ms: number, signal: AbortSignal | undefined): Promise<void> => {
    const woken = new AbortController();
    state.waiting.add(woken);
    try {
      await clock.sleep(ms, signal === undefined ? woken.signal : AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (signal?.aborted || !woken.signal.aborted) throw error;
    } finally {
      state.waiting.delete(woken);
    }
  };

  const settle = (
    state: BucketState,
    bucket: Bucket,
    ticket: number,
    target: ProxyTarget,
    answer: Answer | undefined,
  ): number => {
    const now = clock.now();
    const quota = answer && quotaOf(answer, target.provider.proxy?.retry, now);
    state.underWay.delete(ticket);
    // What did not arrive, or is not counted, takes nothing off.
    if (quota === undefined) state.left += 1;
    else countQuota(state, quota, ticket, now);
    const block = answer && blockIn(answer, target, quota, now);
    if (block !== undefined) {
      state.blockedUntil = Math.max(state.blockedUntil, now + block.waitMs);
      tell(state, { ...bucket, ...block });
    }
    if (state.blockedUntil <= now) wakeAll(state);
    return Math.max(0, state.blockedUntil - now);
  };

  return {
    /**
     * Wait until a request to `url` may be sent. What comes back takes the answer (undefined: there was none) and says for
     * how long the account is blocked now. Rejects when `signal` aborts, and with a 429 of our own for a block that lasts
     * longer than `longestHoldMs`; `onHeld` hears of a block that is waited for.
     */
    enter: async (
      target: ProxyTarget,
      url: URL,
      { signal, onHeld, longestHoldMs = Number.POSITIVE_INFINITY }: Omit<SendOptions, "onAttempt"> = {},
    ): Promise<(answer: Answer | undefined) => number> => {
      const bucket = bucketOf(target, url);
      if (bucket === undefined) return () => 0;
      const state = stateOf(bucket);
      for (
        let now = clock.now(), until = heldUntil(state, now);
        until > 0;
        now = clock.now(), until = heldUntil(state, now)
      ) {
        const ms = until - now;
        if (until === state.blockedUntil) {
          if (ms > longestHoldMs) throw notSent(bucket.host, until, ms);
          onHeld?.({ host: bucket.host, until });
        }
        await pause(state, ms + Math.min(ms * SPREAD, LONGEST_SPREAD_MS) * random(), signal);
      }
      const ticket = ++state.sent;
      state.left -= 1;
      state.underWay.set(ticket, clock.now());
      return (answer) => settle(state, bucket, ticket, target, answer);
    },
  };
};
