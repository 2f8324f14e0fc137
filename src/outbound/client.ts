// The one HTTP client: pooled connections, checked addresses, a size limit, and no answer that was cut short taken for whole.
import dns from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent, type Dispatcher } from "undici";
import { AppError } from "../errors.ts";
import { createAddressGuard } from "./address-guard.ts";
import { type ClientCertificate, createAgents } from "./certificates.ts";
import { guardedConnector } from "./guarded-connector.ts";
import type { StreamedBody } from "./streamed-body.ts";
import { UpstreamError } from "./types.ts";

// Reports of large accounts take a minute to begin with; two minutes without a byte is a dead peer.
const HEADERS_TIMEOUT_MS = 120_000;
const BODY_TIMEOUT_MS = 60_000;
const CONNECTIONS_PER_ORIGIN = 64;
const DEFAULT_MAX_BODY_BYTES = 100 * 1024 * 1024;

/**
 * `path` is sent instead of the URL's own path and query, as they are not always the text they were made of. `certificate`
 * is shown to an https server.
 */
export type RawRequest = {
  method: string;
  url: URL;
  path?: string | undefined;
  headers: Record<string, string>;
  body: string | Uint8Array | StreamedBody | null;
  certificate?: ClientCertificate | undefined;
};

/** `body` is as received, still encoded as `content-encoding` says. Repeated headers are joined with a comma. */
export type RawResponse = { status: number; statusText: string; headers: Record<string, string>; body: Buffer };

/** An answer of which the body is still to come: whoever has it reads it to its end or destroys it. */
export type OpenResponse = Omit<RawResponse, "body"> & { body: Dispatcher.ResponseData["body"] };

export type HttpClient = {
  /** One request, one answer, no redirect, no retry. Throws what `networkError` maps, `AppError` or the abort reason. */
  exchange(request: RawRequest, signal?: AbortSignal): Promise<RawResponse>;
  /** The same with a body that is read as it comes, of any size. `signal` ends that as well. */
  open(request: RawRequest, signal?: AbortSignal): Promise<OpenResponse>;
  maxBodyBytes: number;
  close(): Promise<void>;
};

/** `connectionsPerOrigin`: null for as many as there are requests; 64 by default, the rest waits. */
export type ClientDeps = {
  allowPrivateHosts: string[];
  maxBodyBytes?: number;
  connectionsPerOrigin?: number | null;
  lookup?: LookupFunction;
};

/** The error for an answer over the limit, before or after decompression. Not worth a retry. */
export const tooLarge = (maxBytes: number): UpstreamError =>
  new UpstreamError(`The answer is larger than ${maxBytes} bytes`, { networkCode: "ERR_RESPONSE_TOO_LARGE" });

const plainHeaders = (headers: Record<string, string | string[] | undefined>): Record<string, string> => {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ");
  }
  return plain;
};

const optionsOf = ({ url, path, method, headers, body }: RawRequest) => ({
  origin: url.origin,
  path: path ?? url.pathname + url.search,
  method: method as Dispatcher.HttpMethod,
  headers,
  body: body !== null && typeof body === "object" && "open" in body ? body.open() : body,
});

const checkProtocol = ({ protocol }: URL): void => {
  if (protocol === "https:" || protocol === "http:") return;
  throw new AppError("host_not_allowed", `Only http and https URLs can be requested, not ${protocol}`);
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
    agent.dispatch(optionsOf(request), {
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
    });
  });

/** A client that refuses private addresses but those in `allowPrivateHosts`. `maxBodyBytes` defaults to 100 MB. */
export const createHttpClient = ({
  allowPrivateHosts,
  maxBodyBytes = DEFAULT_MAX_BODY_BYTES,
  connectionsPerOrigin = CONNECTIONS_PER_ORIGIN,
  lookup = dns.lookup as LookupFunction,
}: ClientDeps): HttpClient => {
  const guard = createAddressGuard(allowPrivateHosts);
  const agents = createAgents(
    (certificate) =>
      new Agent({
        connect: guardedConnector(guard, lookup, certificate),
        connections: connectionsPerOrigin,
        headersTimeout: HEADERS_TIMEOUT_MS,
        bodyTimeout: BODY_TIMEOUT_MS,
        allowH2: false,
      }),
  );
  return {
    exchange: async (request, signal) => {
      checkProtocol(request.url);
      signal?.throwIfAborted();
      return await dispatch(agents.agentFor(request.certificate), request, maxBodyBytes, signal);
    },
    open: async (request, signal) => {
      checkProtocol(request.url);
      const options = { ...optionsOf(request), ...(signal === undefined ? {} : { signal }) };
      const {
        statusCode: status,
        statusText,
        headers,
        body,
      } = await agents.agentFor(request.certificate).request(options);
      body.on("error", () => {}); // whoever reads it is told; until somebody does, it must not end the process
      return { status, statusText, headers: plainHeaders(headers), body };
    },
    maxBodyBytes,
    close: agents.close,
  };
};
