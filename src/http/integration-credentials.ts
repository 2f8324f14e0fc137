// The client credentials of an integration: what the API takes, keeps sealed, and shows again on request.
import { z } from "zod";
import { integrationPlace } from "../crypto/places.ts";
import { openJson, sealJson } from "../crypto/seal.ts";
import type { Integration } from "../db/integrations.ts";
import type { Json } from "../errors.ts";
import type { HttpDeps } from "./deps.ts";

const secret = z.string().min(1).max(10_000);
const client = {
  client_id: secret,
  client_secret: secret,
  scopes: z.string().optional(),
  webhook_secret: secret.optional(),
};
const app = { app_id: z.string().min(1).max(255), app_link: z.url(), private_key: secret };

export const IntegrationCredentials = z.discriminatedUnion("type", [
  z.strictObject({ type: z.enum(["OAUTH1", "OAUTH2", "TBA"]), ...client }),
  z.strictObject({ type: z.literal("APP"), ...app }),
  z.strictObject({ type: z.literal("CUSTOM"), ...client, ...app }),
]);

export type IntegrationCredentials = z.infer<typeof IntegrationCredentials>;

const CLIENT_FIELDS = ["client_id", "client_secret", "scopes", "webhook_secret"];
const APP_FIELDS = ["app_id", "private_key", "app_link"];
const SHOWN: Record<string, string[]> = { APP: APP_FIELDS, CUSTOM: [...CLIENT_FIELDS.slice(0, 2), ...APP_FIELDS] };

/** Sealing and opening, with the environment's key. */
export const integrationCredentials = ({ keys }: Pick<HttpDeps, "keys">) => {
  const open = async (environment: number, integration: Integration): Promise<Record<string, Json> | null> => {
    if (integration.credentials_sealed === null) return null;
    const place = integrationPlace(environment, integration.unique_key);
    const key = await keys.ofEnvironment(environment);
    return openJson(key, integration.credentials_sealed, place) as Record<string, Json>;
  };
  return {
    open,
    seal: async (environment: number, uniqueKey: string, credentials: Record<string, Json>): Promise<Buffer> =>
      sealJson(await keys.ofEnvironment(environment), credentials, integrationPlace(environment, uniqueKey)),
    /** Every field of its kind, null where it has none; null for an integration without credentials. */
    show: async (environment: number, integration: Integration): Promise<Record<string, Json> | null> => {
      const credentials = await open(environment, integration);
      if (credentials === null) return null;
      const fields = SHOWN[String(credentials.type)] ?? CLIENT_FIELDS;
      return { type: credentials.type ?? null, ...Object.fromEntries(fields.map((f) => [f, credentials[f] ?? null])) };
    },
  };
};
