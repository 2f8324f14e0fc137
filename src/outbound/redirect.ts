// Follows redirects by hand, so that every hop passes the address guard and credentials stay with the origin they are for.
import { AppError } from "../errors.ts";
import type { HttpClient, RawRequest, RawResponse } from "./client.ts";
import type { Sign } from "./sign.ts";
import { UpstreamError } from "./types.ts";

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
// What may go to another origin without the caller's leave. Any other header may be a credential: many APIs name their own.
const HARMLESS = new Set(["accept", "accept-encoding", "accept-language", "content-type", "user-agent"]);

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
  const becomesGet = status === 303 || ((status === 301 || status === 302) && request.method === "POST");
  if (!becomesGet) return { ...request, url, headers };
  return { method: "GET", url, headers: pick(headers, (name) => name !== "content-type"), body: null };
};

/** `keepHeaders`: all headers go along to another origin. `sign`: each hop that may have the credentials is signed anew. */
export type FollowOptions = { keepHeaders: boolean; sign?: Sign | undefined };

/**
 * `exchange`, following up to 5 redirects; `url` is where the answer came from. On another origin only harmless headers go
 * along and nothing is signed, unless `keepHeaders`. Throws `UpstreamError` with code `ERR_TOO_MANY_REDIRECTS` beyond that,
 * and `AppError` `invalid_redirect` for a location that is no URL.
 */
export const exchangeFollowing = async (
  client: HttpClient,
  first: RawRequest,
  { keepHeaders, sign: firstSign }: FollowOptions,
  signal?: AbortSignal,
): Promise<RawResponse & { url: string }> => {
  let request = first;
  let sign = firstSign;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const headers = sign === undefined ? request.headers : await sign(request);
    const response = await client.exchange({ ...request, headers }, signal);
    const { location } = response.headers;
    if (!REDIRECTS.has(response.status) || location === undefined) return { ...response, url: request.url.href };
    const next = nextRequest(request, response.status, location, keepHeaders);
    if (next.url.origin !== request.url.origin && !keepHeaders) sign = undefined;
    request = next;
  }
  throw new UpstreamError(`The provider redirected more than ${MAX_REDIRECTS} times`, {
    networkCode: "ERR_TOO_MANY_REDIRECTS",
  });
};
