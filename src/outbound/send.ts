// One request for one connection: built, sent, tried again as the provider asks, and told about attempt by attempt.
import { isDeepStrictEqual } from "node:util";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Credentials } from "../providers/credentials.ts";
import { type EncodedBody, encodeBody } from "./body.ts";
import { type ClientDeps, createHttpClient, type HttpClient } from "./client.ts";
import { systemClock } from "./clock.ts";
import { callerHeaders, requestHeaders } from "./headers.ts";
import { isRetryableNetworkError, networkError } from "./network-error.ts";
import type { RateLimits } from "./rate-limits.ts";
import { loggableUrl } from "./redact.ts";
import { exchangeFollowing } from "./redirect.ts";
import { readResponse } from "./response.ts";
import { backoffMs, isRetryable, retryWaitMs } from "./retry.ts";
import { type Sign, signerOf } from "./sign.ts";
import type { GetTarget, SendOptions, SendRequest } from "./types.ts";
import {
  type Clock,
  type Held,
  type ProxyRequest,
  type ProxyResponse,
  type ProxyTarget,
  UpstreamError,
} from "./types.ts";
import { requestUrl } from "./url.ts";

const METHODS = new Set<string>(["GET", "POST", "PUT", "PATCH", "DELETE"]);

/** Without `limits` a request waits only for what its own answers ask. */
export type SendDeps = ClientDeps & { log?: Logger; clock?: Clock; limits?: RateLimits };

type Prepared = { request: ProxyRequest; caller: Record<string, string>; encoded: EncodedBody };
type Outcome =
  | { response: ProxyResponse; error?: undefined }
  | { response: ProxyResponse; error: UpstreamError }
  | { response?: undefined; error: UpstreamError | AppError };
type Situation = { target: ProxyTarget; refused: Credentials | undefined; retriesMade: number; now: number };
type Next = { waitMs: number; target?: ProxyTarget };

const prepare = async (request: ProxyRequest): Promise<Prepared> => {
  if (!METHODS.has(request.method)) throw new AppError("invalid_body", `The method ${request.method} is not supported`);
  if (typeof request.endpoint !== "string") throw new AppError("invalid_body", "The endpoint must be a string");
  const caller = callerHeaders(request.headers);
  return { request, caller, encoded: await encodeBody(request.method, request.data, caller["content-type"]) };
};

const attemptOnce = async (
  client: HttpClient,
  { request, caller, encoded }: Prepared,
  {
    target,
    url,
    sign,
    signal,
  }: { target: ProxyTarget; url: URL; sign: Sign | undefined; signal: AbortSignal | undefined },
): Promise<Outcome> => {
  const keepHeaders = request.forwardHeadersOnRedirect ?? target.provider.proxy?.forward_headers_on_redirect ?? false;
  try {
    const headers = requestHeaders(target, caller, encoded.headers);
    const raw = { method: request.method, url, headers, body: encoded.body };
    const answer = await exchangeFollowing(client, raw, { keepHeaders, sign }, signal);
    const response = await readResponse(answer, request.responseType, client.maxBodyBytes);
    if (response.status >= 200 && response.status < 300) return { response };
    return { response, error: new UpstreamError(`Request failed with status code ${response.status}`, response) };
  } catch (error) {
    if (signal?.aborted) return { error: abortError(signal) };
    return { error: networkError(error) };
  }
};

const abortError = ({ reason }: AbortSignal): AppError =>
  reason instanceof AppError ? reason : new AppError("script_aborted", undefined, { cause: reason });

const orAbortError = <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
  work.catch((failed) => {
    throw signal?.aborted ? abortError(signal) : failed;
  });

type Admitted = { target: ProxyTarget; url: URL; settle: (answer: ProxyResponse | undefined) => number };

/** Where to send the request, once the account's limits let it pass. */
const admit = async (
  limits: RateLimits | undefined,
  request: ProxyRequest,
  target: ProxyTarget,
  { getTarget, onHeld, ...options }: SendOptions & { getTarget: GetTarget },
): Promise<Admitted> => {
  const url = requestUrl(request, target);
  if (limits === undefined) return { target, url, settle: () => 0 };
  let isHeld = false;
  const say = (held: Held): void => {
    isHeld = true;
    onHeld?.(held);
  };
  const settle = await orAbortError(limits.enter(target, url, { ...options, onHeld: say }), options.signal);
  if (!isHeld) return { target, url, settle };
  try {
    // A token may have ended meanwhile.
    const renewed = await getTarget({ refresh: false });
    return { target: renewed, url: requestUrl(request, renewed), settle };
  } catch (error) {
    settle(undefined);
    throw error;
  }
};

/** What follows a failed attempt: a wait and another attempt, or null for giving up. */
const planNext = async (
  { response, error }: Outcome,
  request: ProxyRequest,
  { target, refused, retriesMade, now }: Situation,
  getTarget: GetTarget,
): Promise<Next | null> => {
  if (error === undefined || retriesMade >= (request.retries ?? 0)) return null;
  if (response === undefined) return isRetryableNetworkError(error) ? { waitMs: backoffMs(retriesMade) } : null;
  const retry = target.provider.proxy?.retry;
  if (!isRetryable(response, retry, request.retryOn)) return null;
  const waitMs = retryWaitMs(response, retry, { now, retriesMade });
  if (response.status !== 401) return { waitMs };
  if (isDeepStrictEqual(refused, target.credentials)) return null;
  const renewed = await getTarget({ refresh: true });
  const isChanged = !isDeepStrictEqual(renewed.credentials, target.credentials);
  return { waitMs: isChanged ? 0 : waitMs, target: renewed };
};

/**
 * The client for requests to providers. One call makes the request with the connection's credentials and repeats it up to
 * `retries` times (see retry.ts); after a 401 the credentials are renewed, and a second 401 with the same ones ends it.
 * Throws `UpstreamError` for an answer outside 2xx and for network failures, `AppError` for requests that cannot be made
 * (`host_not_allowed`, `missing_base_url`, `invalid_query_params`, …), and when `signal` aborts its reason or `script_aborted`.
 */
export const sendRequest = (deps: SendDeps): SendRequest => {
  const client = createHttpClient(deps);
  const clock = deps.clock ?? systemClock;

  return async (request, getTarget, options = {}) => {
    const { signal, onAttempt, longestHoldMs = Number.POSITIVE_INFINITY } = options;
    const prepared = await prepare(request);
    let asked = await getTarget({ refresh: false });
    let refused: Credentials | undefined;
    for (let retriesMade = 0; ; retriesMade++) {
      const { target, url, settle } = await admit(deps.limits, request, asked, { ...options, getTarget });
      const startedAt = clock.now();
      const outcome = await attemptOnce(client, prepared, { target, url, sign: signerOf(target, clock.now), signal });
      const { response, error } = outcome;
      const heldMs = settle(response);
      const now = clock.now();
      const report = (retryInMs: number | null) =>
        onAttempt?.({
          method: request.method,
          url: loggableUrl(url, target.credentials),
          status: response?.status ?? null,
          ms: now - startedAt,
          attempt: retriesMade + 1,
          retryInMs,
          error: response === undefined ? error.code : null,
        });
      if (error?.code === "host_not_allowed") deps.log?.warn({ event: "outbound.refused", host: url.host }, "refused");

      const next = await planNext(outcome, request, { target, refused, retriesMade, now }, getTarget).catch(
        (failed) => {
          report(null);
          throw failed;
        },
      );
      const isLast = next === null || heldMs > longestHoldMs;
      report(isLast ? null : next.waitMs);
      if (outcome.error === undefined) return outcome.response;
      if (isLast) throw outcome.error;

      if (response?.status === 401) refused = target.credentials;
      // A wait that holds the whole account is waited for with the others of the account.
      if (next.waitMs > heldMs) await orAbortError(clock.sleep(next.waitMs, signal), signal);
      asked = next.target ?? (await getTarget({ refresh: false }));
    }
  };
};
