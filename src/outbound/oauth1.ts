// OAuth 1.0 (RFC 5849): the Authorization header that signs a request. Our own, because the library that everybody uses,
// oauth-1.0a (last changed in 2019), gets the RFC's own example wrong: it never decodes the names of query parameters.
import { createHmac, sign as signWith } from "node:crypto";
import { AppError } from "../errors.ts";

const METHODS = ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT", "RSA-SHA1", "RSA-SHA256"] as const;

export type OAuth1Method = (typeof METHODS)[number];

/** As an entry names it; undefined for one that is not known here. */
export const oauth1Method = (name: string): OAuth1Method | undefined => METHODS.find((method) => method === name);

/** What is signed. `form` is the body where it is an encoded form: its fields are signed like those of the query. */
export type OAuth1Request = { method: string; url: URL; form?: string };

/** With RSA the client's secret is its private key. */
export type OAuth1Keys = {
  client: { client_id: string; client_secret: string };
  /** There is none yet when one is asked for. */
  token?: string | undefined;
  tokenSecret: string;
  method: OAuth1Method;
  realm?: string;
  /** What only the requests for tokens have: oauth_callback, oauth_verifier. */
  more?: { [name: `oauth_${string}`]: string };
};

/** encodeURIComponent leaves these five alone, RFC 3986 does not. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** The signature base string of section 3.4.1; `params` are the oauth_ parameters. */
export const oauth1BaseString = ({ method, url, form = "" }: OAuth1Request, params: Record<string, string>): string => {
  const all = [...url.searchParams, ...new URLSearchParams(form), ...Object.entries(params)]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort((one, other) => compare(one[0], other[0]) || compare(one[1], other[1]))
    .map(([name, value]) => `${name}=${value}`);
  return [method.toUpperCase(), encode(url.origin + url.pathname), encode(all.join("&"))].join("&");
};

const rsaSignature = (hash: string, base: string, pem: string): string => {
  try {
    return signWith(hash, Buffer.from(base), pem.replaceAll("\\n", "\n")).toString("base64");
  } catch {
    // The cause may show the key.
    throw new AppError("invalid_credentials", "The client's secret must be an RSA private key in PEM form.");
  }
};

const signature = (base: string, { client, tokenSecret, method }: OAuth1Keys): string => {
  const hash = method.endsWith("SHA1") ? "sha1" : "sha256";
  if (method.startsWith("RSA")) return rsaSignature(hash, base, client.client_secret);
  const key = `${encode(client.client_secret)}&${encode(tokenSecret)}`;
  return method === "PLAINTEXT" ? key : createHmac(hash, key).update(base).digest("base64");
};

/** The value of the Authorization header. A nonce serves once; `timestamp` is in seconds. */
export const oauth1Header = (
  request: OAuth1Request,
  keys: OAuth1Keys,
  { nonce, timestamp }: { nonce: string; timestamp: number },
): string => {
  const params: Record<string, string> = {
    oauth_consumer_key: keys.client.client_id,
    oauth_nonce: nonce,
    oauth_signature_method: keys.method,
    oauth_timestamp: String(timestamp),
    ...(keys.token !== undefined && { oauth_token: keys.token }),
    oauth_version: "1.0",
    ...keys.more,
  };
  const signed = { ...params, oauth_signature: signature(oauth1BaseString(request, params), keys) };
  const shown = keys.realm === undefined ? signed : { realm: keys.realm, ...signed };
  return `OAuth ${Object.entries(shown)
    .map(([name, value]) => `${name}="${encode(value)}"`)
    .join(", ")}`;
};
