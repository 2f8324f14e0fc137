// Follows redirects by hand, so that every hop passes the address guard and credentials stay with the origin they are for.
import { AppError } from "../errors.ts";
import type { RawRequest } from "./client.ts";
import type { Sign } from "./sign.ts";
import { UpstreamError } from "./types.ts";

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const OF_THE_BODY = new Set(["content-type", "content-length", "content-encoding"]);
// What may go to another origin without the caller's leave. Any other header may be a credential: many APIs name their own.
const HARMLESS = new Set(["accept", "accept-encoding", "accept-language", "user-agent", ...OF_THE_BODY]);

const pick = (headers: Record<string, string>, keep: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => keep(name)));

const destination = (location: string, from: URL): URL => {
  try {
    return new URL(location, from);
  } catch (cause) {
    throw new AppError("invalid_redirect", "The provider redirected to something that is no URL", { cause });
  }
};

const nextRequest = (request: RawRequest, status: number, location: string, keepHeaders: boolean): RawRequest => {
  const url = destination(location, request.url);
  const isOwn = url.origin === request.url.origin;
  const headers = isOwn || keepHeaders ? request.headers : pick(request.headers, (name) => HARMLESS.has(name));
  const certificate = isOwn ? request.certificate : undefined;
  const next = { ...request, url, path: undefined, headers, certificate };
  const becomesGet =
    request.method !== "HEAD" && (status === 303 || ((status === 301 || status === 302) && request.method === "POST"));
  if (!becomesGet) return next;
  return { ...next, method: "GET", headers: pick(headers, (name) => !OF_THE_BODY.has(name)), body: null };
};

const isSpent = ({ body }: RawRequest): boolean =>
  body !== null && typeof body === "object" && "canOpen" in body && !body.canOpen();

type Head = { status: number; headers: Record<string, string> };

/**
 * `keepHeaders`: all headers go along to another origin. `sign`: each hop that may have the credentials is signed anew.
 * `discard` takes the answers on the way.
 */
export type FollowOptions<A> = { keepHeaders: boolean; sign?: Sign | undefined; discard?: (answer: A) => void };

/**
 * `exchange`, following up to 5 redirects; `url` is where the answer came from. On another origin only harmless headers go
 * along and nothing is signed, unless `keepHeaders`. A redirect that wants the body again, when it is gone, is the answer.
 * Throws `UpstreamError` with code `ERR_TOO_MANY_REDIRECTS` beyond that, and `AppError` `invalid_redirect` for a location
 * that is no URL.
 */
export const exchangeFollowing = async <A extends Head>(
  exchange: (request: RawRequest, signal?: AbortSignal) => Promise<A>,
  first: RawRequest,
  { keepHeaders, sign: firstSign, discard }: FollowOptions<A>,
  signal?: AbortSignal,
): Promise<A & { url: string }> => {
  let request = first;
  let sign = firstSign;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const headers = sign === undefined ? request.headers : await sign(request);
    const answer = await exchange({ ...request, headers }, signal);
    const here = { ...answer, url: request.url.href };
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) return here;
    const isLast = hop === MAX_REDIRECTS;
    const next = isLast ? request : nextRequest(request, answer.status, location, keepHeaders);
    if (isSpent(next) && !isLast) return here;
    discard?.(answer);
    if (next.url.origin !== request.url.origin && !keepHeaders) sign = undefined;
    request = next;
  }
  throw new UpstreamError(`The provider redirected more than ${MAX_REDIRECTS} times`, {
    networkCode: "ERR_TOO_MANY_REDIRECTS",
  });
};
