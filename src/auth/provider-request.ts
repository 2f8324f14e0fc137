// A request of ours to a provider, as its catalogue entry words it, sent with a connection's credentials.
import { Readable } from "node:stream";
import type { ForwardRequest } from "../outbound/forward.ts";
import { createStreamedBody } from "../outbound/streamed-body.ts";
import type { ProxyTarget } from "../outbound/types.ts";
import { fillTemplate } from "../providers/template.ts";

export type Worded = {
  method: string;
  /** A path under the base URL, with its query; placeholders are filled. */
  endpoint: string;
  headers?: Record<string, string> | undefined;
  data?: unknown;
  baseUrl?: string | undefined;
};

/** The request that the entry means. */
export const wordedRequest = (
  { method, endpoint, headers, data, baseUrl }: Worded,
  to: ProxyTarget,
): ForwardRequest => {
  const [path = "", query] = fillTemplate(endpoint, to)
    .text.replace(/^\/+/, "")
    .split(/\?(.*)/s);
  const json = data === undefined ? undefined : Buffer.from(JSON.stringify(data));
  const given = Object.entries(headers ?? {}).map(([name, text]) => [name.toLowerCase(), fillTemplate(text, to).text]);
  return {
    method,
    path,
    query: query === undefined ? "" : `?${query}`,
    headers: Object.fromEntries(given),
    bodyHeaders: json === undefined ? {} : { "content-type": "application/json" },
    body: json === undefined ? null : createStreamedBody(Readable.from([json]), json.length),
    ...(baseUrl !== undefined && { baseUrlOverride: baseUrl }),
  };
};
