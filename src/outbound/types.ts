// What a request to a provider is, what comes back, and the one error for a provider that refused or could not be reached.
import type { Client, Credentials } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";

/** What a function may ask with; the last two are WebDAV's. */
export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "REPORT"] as const;

export type HttpMethod = (typeof METHODS)[number];

export type ResponseType = "json" | "text" | "arraybuffer" | "blob" | "document" | "stream";

/**
 * One request as a function asked for it. Structured-clonable. `retries` counts extra attempts; an empty override counts as
 * unset; `decompress` is accepted and without effect, as every answer is decompressed.
 */
export type ProxyRequest = {
  method: HttpMethod;
  endpoint: string;
  params?: Record<string, unknown> | string;
  data?: unknown;
  headers?: Record<string, string>;
  retries?: number;
  retryOn?: number[];
  baseUrlOverride?: string;
  decompress?: boolean;
  responseType?: ResponseType;
  forwardHeadersOnRedirect?: boolean;
};

/** `data`: parsed JSON where it parses and `responseType` allows, otherwise a string; a Uint8Array for binary types. */
export type ProxyResponse = { status: number; statusText: string; headers: Record<string, string>; data: unknown };

/**
 * The connection a request is made for: its provider entry, credentials and config. `client`: the integration's, where
 * requests are signed with it. `account`: the ids under which limits are shared with other requests; without it a request
 * knows no limits but its own.
 */
export type ProxyTarget = {
  provider: Provider;
  credentials: Credentials;
  client?: Client;
  connectionConfig: Record<string, unknown>;
  metadata: Record<string, unknown>;
  account?: { connection: number; integration: number };
  /** Of its credentials: grows with each set of them. */
  version?: number;
};

/** One attempt, for the log; `attempt` counts from 1. Never contains credentials, not even in the URL. */
export type RequestAttempt = {
  method: string;
  url: string;
  status: number | null;
  ms: number;
  attempt: number;
  retryInMs: number | null;
  error: string | null;
};

/** A request is held back until this time (epoch milliseconds), because the account's limit at `host` is reached. */
export type Held = { host: string; until: number };

/** The time, and waiting for it; tests pass their own. `sleep` rejects as soon as `signal` aborts. */
export type Clock = { now(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };

/**
 * The provider answered outside 2xx after all retries (`response` is set, `code` is `script_http_error`),
 * or could not be reached (`response` is undefined, `code` is the network code such as `ECONNRESET`).
 * `type` is the code of our registry in both cases.
 */
export class UpstreamError extends Error {
  readonly code: string;
  readonly type: "script_http_error" | "script_network_error";
  readonly response: ProxyResponse | undefined;

  constructor(message: string, failure: ProxyResponse | { networkCode: string }, options?: ErrorOptions) {
    super(message, options);
    this.name = "UpstreamError";
    const isNetwork = "networkCode" in failure;
    this.type = isNetwork ? "script_network_error" : "script_http_error";
    this.code = isNetwork ? failure.networkCode : this.type;
    this.response = isNetwork ? undefined : failure;
  }
}

/**
 * Asks for the connection anew before each attempt; `refresh: true` after a 401, to renew the credentials first unless they are
 * newer than those of version `refused` by now.
 */
export type GetTarget = (options: { refresh: boolean; refused?: number | undefined }) => Promise<ProxyTarget>;

/**
 * `onHeld` hears of each wait for a limit before an attempt. A limit that would hold the request for longer than
 * `longestHoldMs` (no end by default) fails it at once, as a 429; an answer that asks to wait for longer than `longestWaitMs`
 * is the last one.
 */
export type SendOptions = {
  signal?: AbortSignal;
  longestHoldMs?: number | undefined;
  longestWaitMs?: number | undefined;
  onAttempt?: (attempt: RequestAttempt) => void;
  onHeld?: (held: Held) => void;
};

/** What `sendRequest(deps)` gives: one request for one connection. Throws `UpstreamError` or `AppError`. */
export type SendRequest = (
  request: ProxyRequest,
  getTarget: GetTarget,
  options?: SendOptions,
) => Promise<ProxyResponse>;
