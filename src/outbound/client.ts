// The one HTTP client: pooled connections, checked addresses, a size limit, and no answer that was cut short taken for whole.
import dns from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { AppError } from "../errors.ts";
import { type AddressGuard, createAddressGuard } from "./address-guard.ts";
import { UpstreamError } from "./types.ts";

const CONNECT_TIMEOUT_MS = 10_000;
// Reports of large accounts take a minute to begin with; two minutes without a byte is a dead peer.
const HEADERS_TIMEOUT_MS = 120_000;
const BODY_TIMEOUT_MS = 60_000;
const CONNECTIONS_PER_ORIGIN = 64;
const DEFAULT_MAX_BODY_BYTES = 100 * 1024 * 1024;

export type RawRequest = {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: string | Uint8Array | null;
};

/** `body` is as received, still encoded as `content-encoding` says. Repeated headers are joined with a comma. */
export type RawResponse = { status: number; statusText: string; headers: Record<string, string>; body: Buffer };

export type HttpClient = {
  /** One request, one answer, no redirect, no retry. Throws what `networkError` maps, `AppError` or the abort reason. */
  exchange(request: RawRequest, signal?: AbortSignal): Promise<RawResponse>;
  maxBodyBytes: number;
  close(): Promise<void>;
};

export type ClientDeps = { allowPrivateHosts: string[]; maxBodyBytes?: number; lookup?: LookupFunction };

/** The error for an answer over the limit, before or after decompression. Not worth a retry. */
export const tooLarge = (maxBytes: number): UpstreamError =>
  new UpstreamError(`The answer is larger than ${maxBytes} bytes`, { networkCode: "ERR_RESPONSE_TOO_LARGE" });

const guardedLookup =
  (guard: AddressGuard, lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, answer) => {
      if (error) return callback(error, "", 0);
      const addresses = Array.isArray(answer) ? answer : [{ address: answer, family: answer.includes(":") ? 6 : 4 }];
      try {
        // One private address among public ones is how a rebinding attack looks, so it spoils them all.
        guard.checkResolved(
          hostname,
          addresses.map(({ address }) => address),
        );
      } catch (refusal) {
        return callback(refusal as Error, "", 0);
      }
      const [first] = addresses;
      if (options.all || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });

const guardedConnector = (guard: AddressGuard, lookup: LookupFunction): buildConnector.connector => {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    lookup: guardedLookup(guard, lookup),
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    try {
      guard.checkLiteral(options.hostname);
    } catch (refusal) {
      return callback(refusal as Error, null);
    }
    return connect(options, callback);
  };
};

const plainHeaders = (headers: Record<string, string | string[] | undefined>): Record<string, string> => {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ");
  }
  return plain;
};

const dispatch = (agent: Agent, request: RawRequest, maxBodyBytes: number, signal: AbortSignal | undefined) =>
  new Promise<RawResponse>((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let head: Omit<RawResponse, "body"> | undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    const onAbort = () => {
      controller?.abort(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      reject(signal?.reason);
    };
    const settle = () => signal?.removeEventListener("abort", onAbort);
    signal?.addEventListener("abort", onAbort, { once: true });
    agent.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method as Dispatcher.HttpMethod,
        headers: request.headers,
        body: request.body,
      },
      {
        onRequestStart: (started) => {
          controller = started;
          if (signal?.aborted) onAbort();
        },
        onResponseStart: (_controller, status, headers, statusText = "") => {
          head = { status, statusText, headers: plainHeaders(headers) };
        },
        onResponseData: (running, chunk) => {
          size += chunk.length;
          if (size > maxBodyBytes) running.abort(tooLarge(maxBodyBytes));
          else chunks.push(chunk);
        },
        onResponseEnd: () => {
          settle();
          const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
          if (head) resolve({ ...head, body });
        },
        onResponseError: (_controller, error) => {
          settle();
          reject(error);
        },
      },
    );
  });

/** A client that refuses private addresses but those in `allowPrivateHosts`. `maxBodyBytes` defaults to 100 MB. */
export const createHttpClient = ({
  allowPrivateHosts,
  maxBodyBytes = DEFAULT_MAX_BODY_BYTES,
  lookup = dns.lookup as LookupFunction,
}: ClientDeps): HttpClient => {
  const guard = createAddressGuard(allowPrivateHosts);
  const agent = new Agent({
    connect: guardedConnector(guard, lookup),
    connections: CONNECTIONS_PER_ORIGIN,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    allowH2: false,
  });
  return {
    exchange: async (request, signal) => {
      if (request.url.protocol !== "https:" && request.url.protocol !== "http:") {
        throw new AppError(
          "host_not_allowed",
          `Only http and https URLs can be requested, not ${request.url.protocol}`,
        );
      }
      signal?.throwIfAborted();
      return await dispatch(agent, request, maxBodyBytes, signal);
    },
    maxBodyBytes,
    close: () => agent.close(),
  };
};
