// Requests that somebody else makes with a connection's credentials: bodies pass in both directions as they come, and
// whatever the provider answers is handed on as it is. No more of a body is held than is on its way, but for the start of a
// request's that another attempt may need, and of an error's that may say when to come back.
import { pipeline, type Readable } from "node:stream";
import { AppError } from "../errors.ts";
import { abortError, isGood, makeAttempts, type Outcome } from "./attempts.ts";
import { certificateOf } from "./certificates.ts";
import { createHttpClient, type HttpClient, type OpenResponse } from "./client.ts";
import { systemClock } from "./clock.ts";
import { decoderOf } from "./decoded.ts";
import { type OpenAnswer, withData } from "./error-body.ts";
import { type ForwardPath, type ForwardPlace, forwardPlace } from "./forward-url.ts";
import { callerHeaders, requestHeaders } from "./headers.ts";
import { networkError } from "./network-error.ts";
import { exchangeFollowing } from "./redirect.ts";
import type { SendDeps } from "./send.ts";
import { type Sign, signerOf, signsBody } from "./sign.ts";
import type { StreamedBody } from "./streamed-body.ts";
import type { GetTarget, ProxyTarget, SendOptions } from "./types.ts";

/** `headers` are sent as they are, under what the credentials add; `bodyHeaders` say what the body is. */
export type ForwardRequest = ForwardPath & {
  method: string;
  headers: Record<string, string>;
  bodyHeaders: Record<string, string>;
  body: StreamedBody | null;
  retries?: number | undefined;
  retryOn?: number[] | undefined;
  decompress?: boolean | undefined;
  forwardHeadersOnRedirect?: boolean | undefined;
};

/** Whoever gets it reads `body` to its end or destroys it. */
export type ForwardAnswer = { status: number; headers: Record<string, string>; body: Readable };

export type Forward = (request: ForwardRequest, getTarget: GetTarget, options?: SendOptions) => Promise<ForwardAnswer>;

const CLOSED = new AppError("script_aborted", "The server is stopping.");

type Attempt = { target: ProxyTarget; place: ForwardPlace };

const discard = ({ body }: { body: OpenResponse["body"] | Readable }): void => {
  if ("dump" in body) void body.dump().catch(() => {});
  else body.destroy();
};

/** The body as it is sent: whole where it is signed. */
const bodyFor = async (
  { body }: ForwardRequest,
  signed: { target: ProxyTarget; url: URL; headers: Record<string, string>; sign: Sign | undefined },
) => {
  const { target, url, headers, sign } = signed;
  if (body === null || sign === undefined || !signsBody(target.credentials, { url, headers })) return body;
  return await body.whole();
};

const attemptOnce = async (
  client: HttpClient,
  request: ForwardRequest,
  { target, place, signal, now }: Attempt & { signal: AbortSignal | undefined; now: () => number },
): Promise<Outcome<OpenAnswer>> => {
  const { method, bodyHeaders } = request;
  const { proxy } = target.provider;
  const keepHeaders = request.forwardHeadersOnRedirect ?? proxy?.forward_headers_on_redirect ?? false;
  try {
    const headers = requestHeaders(target, callerHeaders(request.headers), bodyHeaders);
    const sign = signerOf(target, now);
    const { url } = place;
    const body = await bodyFor(request, { target, url, headers, sign });
    // What is signed is the URL as its parser writes it.
    const path = sign === undefined ? place.path : undefined;
    const options = { keepHeaders, sign, discard };
    const shown = certificateOf(target.credentials);
    const answer = await exchangeFollowing(
      client.open,
      { method, url, path, headers, body, ...shown },
      options,
      signal,
    );
    return { answer: isGood(answer) || answer.status < 400 ? { ...answer, data: undefined } : await withData(answer) };
  } catch (error) {
    return { error: signal?.aborted ? abortError(signal) : networkError(error) };
  }
};

const unpacked = async ({ status, headers, body }: OpenAnswer): Promise<ForwardAnswer> => {
  const { "content-encoding": encoding, "content-length": _packedLength, ...rest } = headers;
  const decoder = await decoderOf(encoding, body);
  if (decoder === undefined) return { status, headers, body };
  pipeline(body, decoder, () => {}); // what breaks one breaks the other
  return { status, headers: rest, body: decoder };
};

export type Forwarding = {
  forward: Forward;
  /** Take no more, let what is under way pass for so long, then break it off. */
  close: (graceMs: number) => Promise<void>;
};

/**
 * `forward`: one request for one connection, repeated like those of functions (see attempts.ts) as long as its body can be
 * sent again. Any answer of the provider resolves, with its body still to come. Rejects with `UpstreamError` when there is
 * none (network codes; a 429 of our own for a limit that lasts longer than `longestHoldMs`), with `AppError` for what cannot
 * be sent or when `signal` aborts, which also ends an answer that is still passing.
 */
export const createForwarding = (deps: SendDeps): Forwarding => {
  const clock = deps.clock ?? systemClock;
  // Each waits for its own caller only: a hundred that read slowly must not keep others from the same provider.
  const client = createHttpClient({ ...deps, connectionsPerOrigin: null });
  const attempts = makeAttempts({ ...deps, clock });
  const closing = new AbortController();
  let isOpen = true;

  const forward: Forward = async (request, getTarget, given = {}) => {
    if (!isOpen) throw CLOSED;
    const signal = AbortSignal.any([closing.signal, ...(given.signal === undefined ? [] : [given.signal])]);
    const options = { ...given, signal };
    const asked = {
      method: request.method,
      retries: request.retries,
      retryOn: request.retryOn,
      place: (target: ProxyTarget) => forwardPlace(request, target),
      attempt: (to: Attempt) => attemptOnce(client, request, { ...to, signal, now: clock.now }),
      canRepeat: () => request.body?.canOpen() ?? true,
      discard,
    };
    const { answer, error, target } = await attempts(asked, getTarget, options);
    if (answer === undefined) throw error;
    const isUnpacked = request.decompress ?? target.provider.proxy?.decompress ?? false;
    return isUnpacked && request.method !== "HEAD" ? await unpacked(answer) : answer;
  };

  const close = async (graceMs: number): Promise<void> => {
    isOpen = false;
    const closed = client.close();
    const impatience = setTimeout(() => closing.abort(CLOSED), graceMs);
    await closed;
    clearTimeout(impatience);
  };

  return { forward, close };
};
