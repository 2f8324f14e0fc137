// nango.uncontrolledFetch: a request to any public address without credentials; the host sends it, under its address guard.
import type { ProxyResponse } from "../../outbound/types.ts";
import type { Call } from "./calls.ts";
import { ActionError } from "./errors.ts";
import type { FetchHeaders, FetchResponse, UncontrolledFetchOptions } from "./request-types.ts";

const REFUSALS: ReadonlySet<unknown> = new Set(["url_not_allowed", "too_many_redirects", "invalid_redirect"]);

type Answer = Omit<ProxyResponse, "data"> & { data: Uint8Array; url: string };

const toHeaders = (headers: Record<string, string>): FetchHeaders => {
  const known = new Map(Object.entries(headers));
  return {
    get: (name) => known.get(String(name).toLowerCase()) ?? null,
    has: (name) => known.has(String(name).toLowerCase()),
    forEach: (each) => known.forEach((value, name) => void each(value, name)),
    keys: () => known.keys(),
    values: () => known.values(),
    entries: () => known.entries(),
    [Symbol.iterator]: () => known.entries(),
  };
};

const toResponse = ({ status, statusText, headers, data, url }: Answer, asked: string): FetchResponse => {
  const text = async () => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  return {
    ok: status >= 200 && status < 300,
    status,
    statusText,
    url,
    redirected: url !== asked,
    headers: toHeaders(headers),
    text,
    json: async () => JSON.parse(await text()),
    bytes: async () => Uint8Array.from(data),
    arrayBuffer: async () => Uint8Array.from(data).buffer,
  };
};

/** Rejects with an ActionError whose payload has the `code` when the address or a redirect is refused; any answer resolves. */
export const createFetch = (call: Call) => async (options: UncontrolledFetchOptions) => {
  const { method = "GET", headers = {}, body } = options;
  const url = String(options.url);
  const text = body === undefined || body === null ? null : String(body);
  const request = { url, method: method.toUpperCase(), headers: { ...headers }, body: text };
  try {
    return toResponse((await call("uncontrolledFetch", [request], request)) as Answer, url);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw REFUSALS.has(code) ? new ActionError({ code, message }) : error;
  }
};
