// A way to a provider and back: what is known on it, what is kept for the way back, and what each kind does at both ends.
import { z } from "zod";
import type { Json } from "../../errors.ts";
import type { Fetch } from "../../outbound/fetch.ts";
import type { Provider } from "../../providers/schema.ts";
import type { Obtained } from "../obtain.ts";

const text = z.string().min(1);
const OwnClient = z.object({ client_id: text.optional(), client_secret: text.optional() });

/** What must not leave this server but is needed when the end user comes back. */
export const FlowSecrets = z.object({
  /** The connection's config, as far as it is known before. */
  config: z.record(z.string(), z.unknown()),
  /** A client of this connection alone, brought by the end user or registered for it. */
  override: OwnClient.optional(),
  /** A refresh token that the end user brought. */
  refreshToken: text.optional(),
  /** PKCE's, RFC 7636. */
  codeVerifier: text.optional(),
  /** The request token of OAuth 1 and what it is signed with. */
  requestToken: z.object({ token: text, secret: z.string() }).optional(),
  /** Who the answer comes from, where that is known: RFC 9207. */
  issuer: z.object({ is: text, isAlwaysSent: z.boolean() }).optional(),
});

export type FlowSecrets = z.infer<typeof FlowSecrets>;

export type FlowContext = {
  provider: Provider;
  /** The integration's own credentials as they were sealed. */
  client: Record<string, Json>;
  integrationConfig: Record<string, unknown>;
  redirectUri: string;
  fetch: Fetch;
  /** Epoch milliseconds. */
  now: () => number;
  /** When the end user left, ISO 8601. */
  requestedAt?: string;
};

export type Asked = {
  state: string;
  config: FlowSecrets["config"];
  override?: FlowSecrets["override"];
  /** Scopes asked of the user beside those of the app. */
  userScopes: string[];
  /** Laid over those of the provider's entry; null takes one away. */
  authorizationParams: Record<string, string | null>;
  /** Where a provider reads what our client is (CIMD), if it can reach us. */
  clientMetadataUrl: string;
};

/** Where the browser goes, and what is kept beside the config. */
export type Departure = { url: string; keep: Partial<Omit<FlowSecrets, "refreshToken">> };

/** What came back: the callback's query, of which each part is a text. */
export type CallbackQuery = Record<string, string>;

/** `isPending`: somebody else at the provider has to agree first. `config` is the connection's, whole. */
export type Arrival =
  | { isPending: true }
  | { isPending: false; credentials: Obtained["credentials"]; config: Record<string, unknown> };

export type FlowKind = {
  name: "oauth2" | "oauth1" | "app" | "mcp";
  begin: (context: FlowContext, asked: Asked) => Promise<Departure>;
  finish: (context: FlowContext, secrets: FlowSecrets, query: CallbackQuery) => Promise<Arrival>;
};
