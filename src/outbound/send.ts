// One request of a function for its connection: built, sent, tried again as the provider asks, and told about attempt by attempt.
import { AppError } from "../errors.ts";
import { type AttemptsDeps, abortError, isGood, makeAttempts, type Outcome } from "./attempts.ts";
import { type EncodedBody, encodeBody } from "./body.ts";
import { certificateOf } from "./certificates.ts";
import { type ClientDeps, createHttpClient, type HttpClient } from "./client.ts";
import { systemClock } from "./clock.ts";
import { callerHeaders, requestHeaders } from "./headers.ts";
import { networkError } from "./network-error.ts";
import { exchangeFollowing } from "./redirect.ts";
import { readResponse } from "./response.ts";
import { signerOf } from "./sign.ts";
import type { Clock, ProxyRequest, ProxyResponse, ProxyTarget, SendRequest } from "./types.ts";
import { METHODS, UpstreamError } from "./types.ts";
import { requestUrl } from "./url.ts";

export type SendDeps = ClientDeps & Omit<AttemptsDeps, "clock"> & { clock?: Clock };

type Prepared = { request: ProxyRequest; caller: Record<string, string>; encoded: EncodedBody };
type Attempt = { target: ProxyTarget; url: URL; signal: AbortSignal | undefined; now: () => number };

const isMethod: ReadonlySet<string> = new Set(METHODS);

const prepare = async (request: ProxyRequest): Promise<Prepared> => {
  if (!isMethod.has(request.method))
    throw new AppError("invalid_body", `The method ${request.method} is not supported`);
  if (typeof request.endpoint !== "string") throw new AppError("invalid_body", "The endpoint must be a string");
  const caller = callerHeaders(request.headers);
  return { request, caller, encoded: await encodeBody(request.method, request.data, caller["content-type"]) };
};

const attemptOnce = async (
  client: HttpClient,
  { request, caller, encoded }: Prepared,
  { target, url, signal, now }: Attempt,
): Promise<Outcome<ProxyResponse>> => {
  const keepHeaders = request.forwardHeadersOnRedirect ?? target.provider.proxy?.forward_headers_on_redirect ?? false;
  try {
    const headers = requestHeaders(target, caller, encoded.headers);
    const shown = certificateOf(target.credentials);
    const raw = { method: request.method, url, headers, body: encoded.body, ...shown };
    const options = { keepHeaders, sign: signerOf(target, now) };
    const answer = await exchangeFollowing(client.exchange, raw, options, signal);
    return { answer: await readResponse(answer, request.responseType, client.maxBodyBytes) };
  } catch (error) {
    return { error: signal?.aborted ? abortError(signal) : networkError(error) };
  }
};

/**
 * The client for requests to providers. One call makes the request with the connection's credentials and repeats it up to
 * `retries` times (see attempts.ts). Throws `UpstreamError` for an answer outside 2xx and for network failures, `AppError`
 * for requests that cannot be made (`host_not_allowed`, `missing_base_url`, `invalid_query_params`, …), and when `signal`
 * aborts its reason or `script_aborted`.
 */
export const sendRequest = (deps: SendDeps): SendRequest => {
  const client = createHttpClient(deps);
  const clock = deps.clock ?? systemClock;
  const attempts = makeAttempts({ ...deps, clock });

  return async (request, getTarget, options = {}) => {
    const prepared = await prepare(request);
    const { signal } = options;
    const asked = {
      method: request.method,
      retries: request.retries,
      retryOn: request.retryOn,
      place: (target: ProxyTarget) => ({ url: requestUrl(request, target) }),
      attempt: ({ target, place }: { target: ProxyTarget; place: { url: URL } }) =>
        attemptOnce(client, prepared, { target, url: place.url, signal, now: clock.now }),
    };
    const { answer, error } = await attempts(asked, getTarget, options);
    if (answer === undefined) throw error;
    if (isGood(answer)) return answer;
    throw new UpstreamError(`Request failed with status code ${answer.status}`, answer);
  };
};
