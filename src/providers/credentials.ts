// The kinds of credentials a connection may hold, told apart by `type`, and what each still lacks before it can be used.
import { z } from "zod";

const text = z.string().min(1);
const raw = z
  .record(z.string(), z.unknown())
  .meta({ description: "What the provider answered when it gave the token." });
const expires_at = z.string().meta({ description: "ISO 8601; without it the token does not end." });
const ownClient = z
  .object({ client_id: text.optional(), client_secret: text.optional() })
  .meta({ description: "Where this connection has a client of its own, in place of the integration's." });

const token = { token: text.optional(), expires_at: expires_at.optional() };
const installed = { access_token: text.optional(), expires_at: expires_at.optional(), raw: raw.optional() };

const OAuth2 = z.object({
  type: z.literal("OAUTH2"),
  access_token: text,
  refresh_token: text.optional(),
  expires_at: expires_at.optional(),
  raw: raw.optional(),
  config_override: ownClient.optional(),
});

const App = z.object({
  type: z.literal("APP"),
  app_id: text.optional(),
  installation_id: text.optional(),
  ...installed,
  jwtToken: text.optional(),
});

/**
 * What is sealed in a connection. Kinds whose token is obtained from their other fields may lack it. The fields of JWT and
 * TWO_STEP are the provider entry's own.
 */
export const Credentials = z.discriminatedUnion("type", [
  z.object({ type: z.literal("API_KEY"), apiKey: z.string().max(1024) }),
  z.object({ type: z.literal("BASIC"), username: z.string(), password: z.string().default("") }),
  OAuth2,
  z.object({
    type: z.literal("OAUTH2_CC"),
    client_id: text,
    client_secret: z.string().optional(),
    client_certificate: text.optional(),
    client_private_key: text.optional(),
    ...token,
    raw: raw.optional(),
  }),
  z.object({ type: z.literal("OAUTH1"), oauth_token: text, oauth_token_secret: z.string(), raw: raw.optional() }),
  z.object({ type: z.literal("TBA"), token_id: text, token_secret: text, config_override: ownClient.optional() }),
  App,
  z.object({ type: z.literal("CUSTOM"), app: App, user: OAuth2.nullable(), raw: raw.optional() }),
  z.looseObject({ type: z.literal("JWT"), ...token }),
  z.looseObject({ type: z.literal("TWO_STEP"), refresh_token: text.optional(), ...token, raw: raw.optional() }),
  z.object({ type: z.literal("SIGNATURE"), username: text, password: text, ...token }),
  z.object({
    type: z.literal("BILL"),
    username: text,
    password: text,
    organization_id: text,
    dev_key: text,
    session_id: text.optional(),
    user_id: text.optional(),
    expires_at: expires_at.optional(),
    raw: raw.optional(),
  }),
  z.object({
    type: z.literal("AWS_SIGV4"),
    role_arn: text,
    region: text.optional(),
    service: text.optional(),
    access_key_id: text.optional(),
    secret_access_key: text.optional(),
    session_token: text.optional(),
    expires_at: expires_at.optional(),
    external_id: text.optional(),
    raw: raw.optional(),
  }),
  z.object({ type: z.literal("NONE") }),
]);

export type Credentials = z.infer<typeof Credentials>;

/** A token of OAuth 1 or of a NetSuite account: every request is signed with it and with the client's secret. */
export type SigningToken = Extract<Credentials, { type: "OAUTH1" | "TBA" }>;

/** The client that a provider knows an integration by. */
export type Client = { client_id: string; client_secret: string };

const isRefreshToken = (key: string): boolean => key.toLowerCase().replace(/[^a-z]/g, "") === "refreshtoken";

/** The value without any field, however deep, whose name means "refresh token". */
export const withoutRefreshTokens = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutRefreshTokens);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !isRefreshToken(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutRefreshTokens(inner)]));
};

/** What has to be obtained from the provider before these credentials open anything; null when nothing is missing. */
export const missingPart = (credentials: Credentials): string | null => {
  switch (credentials.type) {
    case "OAUTH2_CC":
      return credentials.token === undefined ? "a token for its client credentials" : null;
    case "JWT":
    case "TWO_STEP":
    case "SIGNATURE":
      return credentials.token === undefined ? "a token" : null;
    case "APP":
      return credentials.access_token === undefined ? "an access token of the app's installation" : null;
    case "CUSTOM":
      return credentials.app.access_token === undefined ? "an access token of the app's installation" : null;
    case "BILL":
      return credentials.session_id === undefined ? "a session" : null;
    case "AWS_SIGV4":
      return credentials.access_key_id === undefined || credentials.secret_access_key === undefined
        ? "access keys for its role"
        : null;
    default:
      return null;
  }
};

/** True when the provider would give a new token for these without asking anybody. */
export const isRenewable = (credentials: Credentials): boolean => {
  switch (credentials.type) {
    case "OAUTH2":
      return credentials.refresh_token !== undefined;
    case "API_KEY":
    case "BASIC":
    case "OAUTH1":
    case "TBA":
    case "NONE":
      return false;
    default:
      return true;
  }
};
