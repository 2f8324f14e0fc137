// The loop around one request, whatever its answer is made of: wait for the account's limits, try, and try again as often as
// asked. How long to wait, and for what, is retry.ts's to say.
import { isDeepStrictEqual } from "node:util";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type Credentials, isRenewable } from "../providers/credentials.ts";
import { isRetryableNetworkError } from "./network-error.ts";
import type { Answer } from "./rate-limit-headers.ts";
import type { RateLimits } from "./rate-limits.ts";
import { loggableUrl } from "./redact.ts";
import { backoffMs, isRetryable, retryWaitMs } from "./retry.ts";
import type { Clock, GetTarget, Held, ProxyTarget, SendOptions, UpstreamError } from "./types.ts";

/** What an attempt came to: an answer of whatever status, or the reason why there is none. */
export type Outcome<A extends Answer> =
  | { answer: A; error?: undefined }
  | { answer?: undefined; error: UpstreamError | AppError };

/** Where an attempt goes; `P` may say more about it than the URL. */
type Place = { url: URL };

export type Asked<A extends Answer, P extends Place> = {
  method: string;
  retries?: number | undefined;
  retryOn?: number[] | undefined;
  place: (target: ProxyTarget) => P;
  /** One attempt. Never rejects. */
  attempt: (to: { target: ProxyTarget; place: P }) => Promise<Outcome<A>>;
  /** False once the request cannot be sent again. */
  canRepeat?: () => boolean;
  /** Takes each answer that another attempt follows. */
  discard?: (answer: A) => void;
};

/** Without `limits` a request waits only for what its own answers ask. */
export type AttemptsDeps = { log?: Logger | undefined; clock: Clock; limits?: RateLimits | undefined };

type Admitted<P> = { target: ProxyTarget; place: P; settle: (answer: Answer | undefined) => number };
type Situation = {
  target: ProxyTarget;
  refused: Credentials | undefined;
  retriesMade: number;
  /** It had an attempt beyond its retries. */
  hadExtra: boolean;
  now: number;
};
type Next = { waitMs: number; target?: ProxyTarget; isExtra?: boolean };

/** True for an answer that needs no other attempt. */
export const isGood = ({ status }: { status: number }): boolean => status >= 200 && status < 300;

/** Why `signal` ended a request, as an error of ours. */
export const abortError = ({ reason }: AbortSignal): AppError =>
  reason instanceof AppError ? reason : new AppError("script_aborted", undefined, { cause: reason });

const orAbortError = <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
  work.catch((failed) => {
    throw signal?.aborted ? abortError(signal) : failed;
  });

/** Where to send the request, once the account's limits let it pass. */
const admit = async <P extends Place>(
  limits: RateLimits | undefined,
  placeOf: (target: ProxyTarget) => P,
  target: ProxyTarget,
  { getTarget, onHeld, ...options }: SendOptions & { getTarget: GetTarget },
): Promise<Admitted<P>> => {
  const place = placeOf(target);
  if (limits === undefined) return { target, place, settle: () => 0 };
  let isHeld = false;
  const say = (held: Held): void => {
    isHeld = true;
    onHeld?.(held);
  };
  const settle = await orAbortError(limits.enter(target, place.url, { ...options, onHeld: say }), options.signal);
  if (!isHeld) return { target, place, settle };
  try {
    // A token may have ended meanwhile.
    const renewed = await getTarget({ refresh: false });
    return { target: renewed, place: placeOf(renewed), settle };
  } catch (error) {
    settle(undefined);
    throw error;
  }
};

const NOT_RENEWED = ["refresh_token_external_error", "connection_refresh_backoff", "connection_refresh_exhausted"];

/** The target after a 401. Undefined when there is none better: then the provider's answer says more than ours would. */
const renewedTarget = async ({ version }: ProxyTarget, getTarget: GetTarget): Promise<ProxyTarget | undefined> => {
  try {
    return await getTarget({ refresh: true, refused: version });
  } catch (error) {
    if (error instanceof AppError && NOT_RENEWED.includes(error.code)) return undefined;
    throw error;
  }
};

/** One attempt more than was asked for, when the credentials ended before their time and there are new ones. */
const planExtra = async (target: ProxyTarget, getTarget: GetTarget): Promise<Next | null> => {
  if (target.version === undefined || !isRenewable(target.credentials)) return null;
  const renewed = await renewedTarget(target, getTarget);
  if (renewed === undefined || isDeepStrictEqual(renewed.credentials, target.credentials)) return null;
  return { waitMs: 0, target: renewed, isExtra: true };
};

/** What follows an attempt: a wait and another attempt, or null for taking what came. */
const planNext = async <A extends Answer, P extends Place>(
  outcome: Outcome<A>,
  { retries = 0, retryOn, canRepeat = () => true }: Asked<A, P>,
  { target, refused, retriesMade, hadExtra, now }: Situation,
  getTarget: GetTarget,
): Promise<Next | null> => {
  if (!canRepeat()) return null;
  if (retriesMade >= retries)
    return outcome.answer?.status === 401 && !hadExtra ? await planExtra(target, getTarget) : null;
  if (outcome.error !== undefined)
    return isRetryableNetworkError(outcome.error) ? { waitMs: backoffMs(retriesMade) } : null;
  const { answer } = outcome;
  if (isGood(answer)) return null;
  const retry = target.provider.proxy?.retry;
  if (!isRetryable(answer, retry, retryOn)) return null;
  const waitMs = retryWaitMs(answer, retry, { now, retriesMade });
  if (answer.status !== 401) return { waitMs };
  if (isDeepStrictEqual(refused, target.credentials)) return null;
  const renewed = await renewedTarget(target, getTarget);
  if (renewed === undefined) return null;
  const isChanged = !isDeepStrictEqual(renewed.credentials, target.credentials);
  return { waitMs: isChanged ? 0 : waitMs, target: renewed };
};

/**
 * Makes the request with the connection's credentials and repeats it up to `retries` times; after a 401 the credentials are
 * renewed (where that is possible also for an attempt beyond `retries`), and a second 401 with the same ones ends it. What the last attempt came to, with the target it was made for.
 * Rejects when the target cannot be had, a limit lasts too long, or `signal` ends a wait.
 */
export const makeAttempts =
  (deps: AttemptsDeps) =>
  async <A extends Answer, P extends Place>(
    request: Asked<A, P>,
    getTarget: GetTarget,
    options: SendOptions,
  ): Promise<Outcome<A> & { target: ProxyTarget }> => {
    const { clock, limits, log } = deps;
    const {
      signal,
      onAttempt,
      longestHoldMs = Number.POSITIVE_INFINITY,
      longestWaitMs = Number.POSITIVE_INFINITY,
    } = options;
    let asked = await getTarget({ refresh: false });
    let refused: Credentials | undefined;
    let retriesMade = 0;
    let hadExtra = false;
    for (let attempt = 1; ; attempt++) {
      const { target, place, settle } = await admit(limits, request.place, asked, { ...options, getTarget });
      const startedAt = clock.now();
      const outcome = await request.attempt({ target, place });
      const { answer, error } = outcome;
      const heldMs = settle(answer);
      const now = clock.now();
      const report = (retryInMs: number | null) =>
        onAttempt?.({
          method: request.method,
          url: loggableUrl(place.url, target.credentials),
          status: answer?.status ?? null,
          ms: now - startedAt,
          attempt,
          retryInMs,
          error: error?.code ?? null,
        });
      if (error?.code === "host_not_allowed") log?.warn({ event: "outbound.refused", host: place.url.host }, "refused");

      const situation = { target, refused, retriesMade, hadExtra, now };
      const next = await planNext(outcome, request, situation, getTarget).catch((failed) => {
        report(null);
        if (answer !== undefined) request.discard?.(answer);
        throw failed;
      });
      const isLast = next === null || heldMs > longestHoldMs || next.waitMs > longestWaitMs;
      report(isLast ? null : next.waitMs);
      if (isLast) return { ...outcome, target };

      if (next.isExtra) hadExtra = true;
      else retriesMade += 1;
      if (answer?.status === 401) refused = target.credentials;
      if (answer !== undefined) request.discard?.(answer);
      // A wait that holds the whole account is waited for with the others of the account.
      if (next.waitMs > heldMs) await orAbortError(clock.sleep(next.waitMs, signal), signal);
      asked = next.target ?? (await getTarget({ refresh: false }));
    }
  };
