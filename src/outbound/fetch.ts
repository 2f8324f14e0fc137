// A `fetch` under this server's rules for addresses, for libraries that want one.
import type { ClientCertificate } from "./certificates.ts";
import type { HttpClient } from "./client.ts";
import { USER_AGENT } from "./headers.ts";
import { networkError } from "./network-error.ts";

const PATIENCE_MS = 20_000;

/** One request, one answer: no redirect, no retry, 20 s at most. Rejects with what `networkError` makes of the failure. */
export type Fetch = (
  url: string | URL,
  init?: RequestInit & { certificate?: ClientCertificate | undefined },
) => Promise<Response>;

const NO_BODY = new Set([101, 204, 205, 304]);

/** A fetch of `http`'s. Bodies are texts or bytes; an answer's `url` is where it was asked for. */
export const createFetch =
  (http: Pick<HttpClient, "exchange">): Fetch =>
  async (url, init = {}) => {
    const request = new Request(url, init);
    const body = init.body === undefined || init.body === null ? null : new Uint8Array(await request.arrayBuffer());
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, patience]) : patience;
    const headers = {
      accept: "application/json",
      ...Object.fromEntries(request.headers),
      "accept-encoding": "identity",
      "user-agent": USER_AGENT,
    };
    const answer = await http
      .exchange({ method: request.method, url: new URL(url), headers, body, certificate: init.certificate }, signal)
      .catch((error) => {
        throw networkError(error);
      });
    const { status, statusText } = answer;
    return new Response(NO_BODY.has(status) ? null : new Uint8Array(answer.body), {
      status,
      statusText,
      headers: answer.headers,
    });
  };
