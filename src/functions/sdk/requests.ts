// Requests to the provider as authors write them, turned into what crosses to the host, and answers turned back.
import type { HttpMethod, ProxyRequest, ProxyResponse } from "../../outbound/types.ts";
import type { Call } from "./calls.ts";
import { toPlain } from "./plain.ts";
import type { ProxyConfiguration, ProxyResult } from "./request-types.ts";

// Written out: what crosses to the isolate imports nothing of the host but types.
const METHODS: ReadonlySet<string> = new Set<HttpMethod>([
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "PROPFIND",
  "REPORT",
]);

type Target = { providerConfigKey: string; connectionId: string };

const httpMethod = (method: string): HttpMethod => {
  const upper = method.toUpperCase();
  if (!METHODS.has(upper)) throw new Error(`"${method}" is not one of ${[...METHODS].join(", ")}.`);
  return upper as HttpMethod;
};

// Only primitives cross as they are; the rest becomes the text a query string would hold ([1, 2] is "1,2").
const queryParams = (params: NonNullable<ProxyConfiguration["params"]>): ProxyRequest["params"] => {
  if (typeof params === "string") return params;
  const isText = (value: unknown) => (typeof value === "object" && value !== null) || typeof value === "function";
  const entries = Object.entries(params).map(([key, value]) => [key, isText(value) ? String(value) : value]);
  return Object.fromEntries(entries);
};

const textHeaders = (headers: Record<string, unknown>): Record<string, string> => {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
};

const isBytes = (data: unknown): data is ArrayBuffer | ArrayBufferView =>
  ArrayBuffer.isView(data) || data instanceof ArrayBuffer;

const bytes = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const body = (data: unknown): unknown => {
  if (isBytes(data)) return Uint8Array.from(bytes(data)); // a view of Buffer's pool would drag the pool along
  return data instanceof URLSearchParams ? data.toString() : toPlain(data);
};

const withFormType = (headers: Record<string, string>, data: unknown): Record<string, string> => {
  const isTyped = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  if (isTyped || !(data instanceof URLSearchParams)) return headers;
  return { ...headers, "content-type": "application/x-www-form-urlencoded;charset=utf-8" };
};

const refuseOtherConnection = (config: ProxyConfiguration, own: Target): void => {
  const isOwnIntegration = (config.providerConfigKey ?? own.providerConfigKey) === own.providerConfigKey;
  const isOwnConnection = (config.connectionId ?? own.connectionId) === own.connectionId;
  if (isOwnIntegration && isOwnConnection) return;
  throw Object.assign(new Error("A function can reach its own connection only."), { code: "forbidden" });
};

const toRequest = (config: ProxyConfiguration, method: string): ProxyRequest => {
  const { endpoint, params, data, retries, retryOn, baseUrlOverride, decompress, responseType } = config;
  if (typeof endpoint !== "string") throw new Error("A request needs an endpoint.");
  const headers = withFormType(textHeaders(config.headers ?? {}), data);
  const { forwardHeadersOnRedirect } = config;
  return {
    method: httpMethod(method),
    endpoint,
    ...(params === undefined || params === null ? {} : { params: queryParams(params) }),
    ...(data === undefined ? {} : { data: body(data) }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(retries === undefined ? {} : { retries: Number(retries) }),
    ...(Array.isArray(retryOn) ? { retryOn: retryOn.map(Number) } : {}),
    ...(baseUrlOverride === undefined ? {} : { baseUrlOverride: String(baseUrlOverride) }),
    ...(decompress === undefined ? {} : { decompress: decompress === true || decompress === "true" }),
    ...(responseType === undefined ? {} : { responseType }),
    ...(forwardHeadersOnRedirect === undefined ? {} : { forwardHeadersOnRedirect }),
  } as ProxyRequest;
};

const toBuffer = (data: unknown): unknown =>
  data instanceof Uint8Array ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : data;

/** Send one request. Rejects with an axios-like error when the provider answered outside 2xx or could not be reached. */
export type Send = (config: ProxyConfiguration, method?: string) => Promise<ProxyResult>;

export const createSend = ({ call, own }: { call: Call; own: Target }): Send => {
  return async (config, method = config.method ?? "GET") => {
    refuseOtherConnection(config, own);
    const request = toRequest(config, method);
    const { status, statusText, headers, data } = (await call("proxy", [request], request)) as ProxyResponse;
    return { data: toBuffer(data), status, statusText, headers, config: request };
  };
};
