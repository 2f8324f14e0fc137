// The headers of a request: what the credentials and the provider entry inject, under what the caller gave.
import manifest from "../../package.json" with { type: "json" };
import { fillTemplate } from "../providers/template.ts";
import type { ProxyTarget } from "./types.ts";

export const USER_AGENT = `syncline/${manifest.version}`;

// These belong to the connection and the framing, which are the client's; a wrong one corrupts the request.
const OWNED_BY_CLIENT = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

const authorization = ({ credentials }: ProxyTarget): Record<string, string> => {
  switch (credentials.type) {
    case "BASIC": {
      const pair = `${credentials.username}:${credentials.password}`;
      return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
    }
    case "OAUTH2":
      return { authorization: `Bearer ${credentials.access_token}` };
    case "API_KEY":
    case "NONE":
      return {};
  }
};

const fromProvider = (target: ProxyTarget): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(target.provider.proxy?.headers ?? {})) {
    const { text, missing } = fillTemplate(template, target);
    // A header that this connection has no value for is left out, so that an entry may serve several credential kinds.
    if (missing.length === 0) headers[name.toLowerCase()] = text;
  }
  return headers;
};

/** Names in lower case, values as text; empty slots and the headers that the client owns are dropped. */
export const callerHeaders = (given: Record<string, string> | undefined): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given ?? {})) {
    const key = name.toLowerCase();
    if (value !== undefined && value !== null && !OWNED_BY_CLIENT.has(key)) headers[key] = String(value);
  }
  return headers;
};

/** All headers for one attempt; `body` are those that describe the body. The caller's win, only the user agent is always ours. */
export const requestHeaders = (
  target: ProxyTarget,
  caller: Record<string, string>,
  body: Record<string, string>,
): Record<string, string> => ({
  accept: "application/json, text/plain, */*",
  "accept-encoding": "gzip, br, deflate",
  ...authorization(target),
  ...fromProvider(target),
  ...caller,
  ...body,
  "user-agent": USER_AGENT,
});
