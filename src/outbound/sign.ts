// Requests that are signed as a whole: after everything else is known, and anew for each hop of a redirect.
import { randomBytes } from "node:crypto";
import { AppError } from "../errors.ts";
import type { Client, Credentials, SigningToken } from "../providers/credentials.ts";
import { awsHeaders, takesUnsignedBody } from "./aws-sigv4.ts";
import { type OAuth1Keys, type OAuth1Method, oauth1Header, oauth1Method } from "./oauth1.ts";
import type { ProxyTarget } from "./types.ts";

/** A request without its signature; header names in lower case. A body that is neither text, bytes nor null is a stream. */
export type Signable = { method: string; url: URL; headers: Record<string, string>; body: unknown };

/** Gives all headers of the request, the signature among them. */
export type Sign = (request: Signable) => Promise<Record<string, string>>;

const unusable = (says: string): AppError => new AppError("invalid_credentials", says);

const clientOf = ({ client, provider }: ProxyTarget, override: Partial<Client> | undefined): Client => {
  const client_id = override?.client_id ?? client?.client_id;
  const client_secret = override?.client_secret ?? client?.client_secret;
  if (client_id === undefined || client_secret === undefined)
    throw unusable(`Requests to ${provider.display_name} are signed with the integration's client, and it has none.`);
  return { client_id, client_secret };
};

const methodOf = ({ provider }: ProxyTarget): OAuth1Method => {
  const name = provider.signature_method ?? "HMAC-SHA1";
  const method = oauth1Method(name);
  if (method === undefined) throw unusable(`Requests cannot be signed with ${name} here.`);
  return method;
};

const keysOf = (target: ProxyTarget, token: SigningToken): OAuth1Keys => {
  if (token.type === "OAUTH1") {
    const { oauth_token, oauth_token_secret: tokenSecret } = token;
    return { client: clientOf(target, undefined), token: oauth_token, tokenSecret, method: methodOf(target) };
  }
  const { accountId } = target.connectionConfig;
  if (typeof accountId !== "string") throw unusable("The connection's config has no accountId.");
  const client = clientOf(target, token.config_override);
  return { client, token: token.token_id, tokenSecret: token.token_secret, method: "HMAC-SHA256", realm: accountId };
};

const isForm = (headers: Record<string, string>): boolean =>
  headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;

const formOf = ({ headers, body }: Signable): { form?: string } => {
  if (body === null || !isForm(headers)) return {};
  if (typeof body === "string") return { form: body };
  if (body instanceof Uint8Array) return { form: Buffer.from(body).toString() };
  throw new AppError("server_error", "A form has to be read before it can be signed.");
};

/** True when the body of such a request has to be known as a whole before the request is sent. */
export const signsBody = (credentials: Credentials, { url, headers }: Pick<Signable, "url" | "headers">): boolean => {
  if (credentials.type === "AWS_SIGV4") return !takesUnsignedBody(credentials, url);
  return (credentials.type === "OAUTH1" || credentials.type === "TBA") && isForm(headers);
};

/**
 * How requests for this target are signed, undefined when they are not. A request that has an Authorization already is the
 * caller's own affair. Throws `invalid_credentials` when something to sign with is missing. Costs 0.1 ms for AWS_SIGV4.
 */
export const signerOf = (target: ProxyTarget, now: () => number): Sign | undefined => {
  const { credentials } = target;
  const unlessSigned =
    (sign: Sign): Sign =>
    async (request) =>
      "authorization" in request.headers ? request.headers : await sign(request);
  if (credentials.type === "AWS_SIGV4") return unlessSigned((request) => awsHeaders(request, credentials, now()));
  if (credentials.type !== "OAUTH1" && credentials.type !== "TBA") return undefined;
  const sign: Sign = async (request) => {
    const once = { nonce: randomBytes(16).toString("hex"), timestamp: Math.floor(now() / 1000) };
    const { method, url } = request;
    const authorization = oauth1Header({ method, url, ...formOf(request) }, keysOf(target, credentials), once);
    return { ...request.headers, authorization };
  };
  return unlessSigned(sign);
};
