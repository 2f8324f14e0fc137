// The credentials an app may bring along when it imports a connection: fewer kinds than a connection can hold, as the others
// are made by connecting. What is obtained with them is obtained later.
import { pick } from "es-toolkit/object/pick";
import { z } from "zod";
import type { Credentials } from "../../providers/credentials.ts";
import { JsonObject } from "../patterns.ts";

const secret = z.string().min(1).max(10_000);

const expiry = {
  expires_at: z.iso.datetime({ offset: true }).optional(),
  expires_in: z.number().int().positive().optional().meta({ description: "Seconds from now, in place of expires_at." }),
};

const config_override = z
  .strictObject({ client_id: secret.optional(), client_secret: secret.optional() })
  .optional()
  .meta({ description: "A client of this connection's own." });

const installation = { app_id: z.string().min(1).max(255), installation_id: z.string().min(1).max(255) };

const raw = JsonObject.optional().meta({ description: "What the provider answered when it gave the token." });

export const ImportedCredentials = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("OAUTH2"),
      access_token: secret,
      refresh_token: secret.optional(),
      ...expiry,
      raw,
      config_override,
    }),
    z.strictObject({
      type: z.literal("OAUTH2_CC"),
      client_id: secret,
      client_secret: secret.optional(),
      client_certificate: secret.optional(),
      client_private_key: secret.optional(),
      token: secret.optional(),
      ...expiry,
      raw,
    }),
    z.strictObject({ type: z.literal("OAUTH1"), oauth_token: secret, oauth_token_secret: secret, raw }),
    z.strictObject({ type: z.literal("API_KEY"), apiKey: z.string().min(1).max(1024) }),
    z.strictObject({ type: z.literal("BASIC"), username: z.string().max(1024), password: z.string().max(1024) }),
    z.strictObject({ type: z.literal("TBA"), token_id: secret, token_secret: secret, config_override }),
    z.strictObject({ type: z.literal("APP"), ...installation }),
    z.strictObject({ type: z.literal("CUSTOM"), ...installation }),
    z.strictObject({ type: z.literal("NONE") }),
  ])
  .meta({ id: "ImportedCredentials", description: "Of the kind that the integration's provider takes." });

export type ImportedCredentials = z.output<typeof ImportedCredentials>;

type Given = {
  raw?: Record<string, unknown> | undefined;
  expires_at?: string | undefined;
  expires_in?: number | undefined;
};

/** With the time at which they end; `received` are the fields that the provider is taken to have answered with. */
const settled = <C extends Given>(given: C, received: readonly (keyof C | "expires_at")[]) => {
  const { expires_in, raw, ...credentials } = given;
  const after = expires_in === undefined ? undefined : new Date(Date.now() + expires_in * 1000).toISOString();
  const expires_at = credentials.expires_at ?? after;
  const kept: Record<string, unknown> = { ...credentials, ...(expires_at && { expires_at }) };
  return { ...kept, raw: raw ?? pick(kept, received as string[]) } as unknown as Credentials;
};

/** What is sealed, and what goes into the connection's config because webhooks and templates look for it there. */
export const storedForm = (
  given: ImportedCredentials,
): { credentials: Credentials; config: Record<string, string> } => {
  switch (given.type) {
    case "OAUTH2":
      return { credentials: settled(given, ["access_token", "refresh_token", "expires_at"]), config: {} };
    case "OAUTH1":
      return { credentials: settled(given, ["oauth_token", "oauth_token_secret"]), config: {} };
    case "OAUTH2_CC":
      return { credentials: settled(given, ["token", "expires_at"]), config: {} };
    case "APP":
    case "CUSTOM": {
      const { app_id, installation_id } = given;
      return { credentials: { type: "APP", app_id, installation_id }, config: { app_id, installation_id } };
    }
    default:
      return { credentials: given, config: {} };
  }
};
