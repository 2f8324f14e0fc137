// The headers of a request: what the credentials and the provider entry inject, under what the caller gave.
import { randomUUID } from "node:crypto";
import manifest from "../../package.json" with { type: "json" };
import { AppError } from "../errors.ts";
import { missingPart } from "../providers/credentials.ts";
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

const bearer = (token = "") => ({ authorization: `Bearer ${token}` });

const authorization = ({ credentials }: ProxyTarget): Record<string, string> => {
  switch (credentials.type) {
    case "BASIC": {
      const pair = `${credentials.username}:${credentials.password}`;
      return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
    }
    case "OAUTH2":
    case "APP":
      return bearer(credentials.access_token);
    case "CUSTOM":
      return bearer(credentials.app.access_token);
    // The names that its API knows them by (developer.bill.com, "API login"); its published entry does not say them.
    case "BILL":
      return { devkey: credentials.dev_key, sessionid: credentials.session_id ?? "" };
    case "OAUTH2_CC":
    case "JWT":
    case "SIGNATURE":
    case "TWO_STEP":
      return bearer(credentials.token);
    // Where these go is the provider entry's to say.
    case "API_KEY":
    case "NONE":
      return {};
    // These sign the whole request: see sign.ts.
    case "OAUTH1":
    case "TBA":
    case "AWS_SIGV4":
      return {};
  }
};

// A request that went out without its credentials would fail elsewhere, or worse, succeed as somebody else.
const refuseIncomplete = ({ credentials, provider }: ProxyTarget): void => {
  const missing = missingPart(credentials);
  if (missing === null) return;
  const says = `The connection to ${provider.display_name} lacks ${missing}: renew it (force_refresh) or connect it anew.`;
  throw new AppError("invalid_credentials", says);
};

const fromProvider = (target: ProxyTarget): Record<string, string> => {
  const headers: Record<string, string> = {};
  // One header may be a signature over others, so all of them are of the same request.
  const context = { ...target, values: { random: randomUUID() }, now: Date.now() };
  for (const [name, template] of Object.entries(target.provider.proxy?.headers ?? {})) {
    const { text, missing } = fillTemplate(template, context);
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

/**
 * All headers for one attempt but a signature over them; `body` are those that describe the body. The caller's win, only the
 * user agent is always ours. Throws `invalid_credentials` when the connection has no token, which is obtained when it is opened, and the caller has none.
 */
export const requestHeaders = (
  target: ProxyTarget,
  caller: Record<string, string>,
  body: Record<string, string>,
): Record<string, string> => {
  if (!("authorization" in caller)) refuseIncomplete(target);
  return {
    accept: "application/json, text/plain, */*",
    "accept-encoding": "gzip, br, deflate",
    ...authorization(target),
    ...fromProvider(target),
    ...caller,
    ...body,
    "user-agent": USER_AGENT,
  };
};
