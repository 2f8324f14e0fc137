// Who asks for a token, and how it proves that.
import { type ClientAuth, ClientSecretPost, None } from "oauth4webapi";
import type { Json } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";

/** Without a secret it is a public one. */
export type TokenClient = { client_id: string; client_secret?: string };

type Override = { client_id?: string | undefined; client_secret?: string | undefined };

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** The client of a connection: its own where it has one, with nothing of the integration's beside its own id. */
export const clientOf = (client: Record<string, Json>, override: Override = {}): TokenClient | undefined => {
  const ownId = text(override.client_id);
  const client_id = ownId ?? text(client.client_id);
  const ownSecret = text(override.client_secret);
  const client_secret = ownSecret ?? (ownId === undefined ? text(client.client_secret) : undefined);
  return client_id === undefined ? undefined : { client_id, ...(client_secret && { client_secret }) };
};

// RFC 6749 has both encoded as in a form, which many providers never decode. Encoding only what a decoder would misread
// suits both, but for a provider that decodes nothing and gives out secrets with these few characters.
const forBasic = (part: string): string => part.replace(/[%+:\s]|[^\x20-\x7e]/gu, (char) => encodeURIComponent(char));

const basic =
  (secret: string): ClientAuth =>
  (_server, { client_id }, _body, headers) => {
    const pair = `${forBasic(client_id)}:${forBasic(secret)}`;
    headers.set("authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
  };

// ZoomInfo's own way: the client is a user with a password.
const asUser =
  (secret: string): ClientAuth =>
  (_server, { client_id }, body) => {
    body.set("username", client_id);
    body.set("password", secret);
  };

const isBasic = ({ token_request_auth_method: method, authorization_method }: Provider): boolean =>
  method === undefined ? authorization_method === "header" : method === "basic" || method === "client_secret_basic";

/** As the entry says, in the body otherwise. */
export const proofOf = (provider: Provider, { client_secret: secret }: TokenClient): ClientAuth => {
  if (secret === undefined || provider.token_request_auth_method === "none") return None();
  if (provider.token_request_auth_method === "custom") return asUser(secret);
  return isBasic(provider) ? basic(secret) : ClientSecretPost(secret);
};
