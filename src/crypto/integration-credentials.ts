// The client credentials, settings and webhook secret of an integration at rest: sealed with the environment's key; and what is
// shown of the credentials on request.
import type { Integration } from "../db/integrations.ts";
import type { Json } from "../errors.ts";
import type { DataKeys } from "./data-keys.ts";
import { integrationConfigPlace, integrationPlace, webhookSecretPlace } from "./places.ts";
import { open, openJson, seal, sealJson } from "./seal.ts";

type Fields = Record<string, Json>;
type Sealed = Pick<Integration, "unique_key" | "credentials_sealed">;

const CLIENT_FIELDS = ["client_id", "client_secret", "scopes", "webhook_secret"];
const APP_FIELDS = ["app_id", "private_key", "app_link"];
const SHOWN: Record<string, string[]> = { APP: APP_FIELDS, CUSTOM: [...CLIENT_FIELDS.slice(0, 2), ...APP_FIELDS] };

/** The credentials as they were sealed; null when there are none. */
export const openIntegrationCredentials = async (
  keys: DataKeys,
  environment: number,
  { unique_key, credentials_sealed }: Sealed,
): Promise<Fields | null> => {
  if (credentials_sealed === null) return null;
  const key = await keys.ofEnvironment(environment);
  return openJson(key, credentials_sealed, integrationPlace(environment, unique_key)) as Fields;
};

/** Seal them for the integration of this key. */
export const sealIntegrationCredentials = async (
  keys: DataKeys,
  environment: number,
  { uniqueKey, credentials }: { uniqueKey: string; credentials: Fields },
): Promise<Buffer> =>
  sealJson(await keys.ofEnvironment(environment), credentials, integrationPlace(environment, uniqueKey));

/** Every field of its kind, null where it has none; null for an integration without credentials. */
export const showIntegrationCredentials = async (
  keys: DataKeys,
  environment: number,
  integration: Sealed,
): Promise<Fields | null> => {
  const credentials = await openIntegrationCredentials(keys, environment, integration);
  if (credentials === null) return null;
  const fields = SHOWN[String(credentials.type)] ?? CLIENT_FIELDS;
  return { type: credentials.type ?? null, ...Object.fromEntries(fields.map((f) => [f, credentials[f] ?? null])) };
};

/** What the integration's webhooks are signed with; null when nothing is set. */
export const openWebhookSecret = async (
  keys: DataKeys,
  environment: number,
  { unique_key, webhook_secret_sealed: sealed }: Pick<Integration, "unique_key" | "webhook_secret_sealed">,
): Promise<string | null> => {
  if (sealed === null) return null;
  return open(await keys.ofEnvironment(environment), sealed, webhookSecretPlace(environment, unique_key));
};

/** Seal what the webhooks of the integration of this key are signed with. */
export const sealWebhookSecret = async (
  keys: DataKeys,
  environment: number,
  { uniqueKey, secret }: { uniqueKey: string; secret: string },
): Promise<Buffer> => seal(await keys.ofEnvironment(environment), secret, webhookSecretPlace(environment, uniqueKey));

/** What was set up with the integration; its values may be secrets. */
export const openIntegrationConfig = async (
  keys: DataKeys,
  environment: number,
  { unique_key, config, config_sealed: sealed }: Pick<Integration, "unique_key" | "config" | "config_sealed">,
): Promise<Record<string, unknown>> => {
  // In clear are only those that an older version wrote, after those that are sealed.
  if (sealed === null || Object.keys(config).length > 0) return config;
  return openJson(
    await keys.ofEnvironment(environment),
    sealed,
    integrationConfigPlace(environment, unique_key),
  ) as Fields;
};

/** Seal what was set up with the integration of this key. */
export const sealIntegrationConfig = async (
  keys: DataKeys,
  environment: number,
  { uniqueKey, config }: { uniqueKey: string; config: Record<string, unknown> },
): Promise<Buffer> =>
  sealJson(await keys.ofEnvironment(environment), config as Fields, integrationConfigPlace(environment, uniqueKey));
