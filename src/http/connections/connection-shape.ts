// A connection as the API shows it, refresh tokens left out unless asked for.
import { z } from "zod";
import { credentialsPlace } from "../../crypto/places.ts";
import { openJson } from "../../crypto/seal.ts";
import type { Connection, ListedConnection } from "../../db/connections.ts";
import { Credentials, withoutRefreshTokens } from "../../providers/credentials.ts";
import type { HttpDeps } from "../deps.ts";
import { JsonObject } from "../patterns.ts";
import { ShownEndUser } from "./tags.ts";

const ConnectionError = z.strictObject({
  type: z.enum(["auth", "sync"]),
  log_id: z.string().meta({ description: "The line of the log about it; of a sync, its run." }),
  message: z.string().nullable(),
  since: z.string().nullable().meta({ description: "When it began; of a sync, when its last run ended." }),
});

const shared = {
  id: z.number().int(),
  connection_id: z.string(),
  provider_config_key: z.string().meta({ description: "The integration it belongs to." }),
  provider: z.string(),
  errors: z.array(ConnectionError).meta({
    description: "What is wrong with it now: its credentials fail, the last run of a sync failed.",
  }),
  end_user: ShownEndUser.nullable(),
  tags: z.record(z.string(), z.string()),
  metadata: JsonObject.meta({ description: "What the app keeps with it." }),
};

/** A connection in a list. */
export const ConnectionInList = z.strictObject({ ...shared, created: z.string() }).meta({ id: "ConnectionInList" });

const ShownCredentials = z.union([Credentials, z.strictObject({})]).meta({
  id: "Credentials",
  description: "By kind. Empty where there are none, and for a key that may not see them.",
});

const withoutCredentials = {
  ...shared,
  connection_config: JsonObject.meta({ description: "What the provider's URLs and headers are filled from." }),
  webhook_url_override: z.string().nullable().meta({ description: "Where its webhooks go instead." }),
  created_at: z.string(),
  updated_at: z.string(),
  last_fetched_at: z.string().nullable(),
};

/** A connection in full. */
export const ConnectionInFull = z
  .strictObject({ ...withoutCredentials, credentials: ShownCredentials })
  .meta({ id: "Connection" });

type Shown = z.input<typeof ConnectionInFull>;

/** The connection's credentials as they are sealed. */
export const openCredentials =
  ({ keys }: Pick<HttpDeps, "keys">) =>
  async (
    environment: number,
    connection: Pick<Connection, "id" | "connection_id" | "provider_config_key" | "credentials_sealed">,
  ): Promise<Credentials> => {
    if (connection.credentials_sealed === null) return { type: "NONE" };
    const place = credentialsPlace(environment, connection.provider_config_key, connection.connection_id);
    const key = await keys.ofConnection(connection.id);
    return Credentials.parse(openJson(key, connection.credentials_sealed, place));
  };

const showShared = (connection: ListedConnection) => ({
  id: connection.id,
  connection_id: connection.connection_id,
  provider_config_key: connection.provider_config_key,
  provider: connection.provider,
  errors: connection.errors,
  end_user: connection.end_user as Shown["end_user"],
  tags: connection.tags,
  metadata: connection.metadata,
});

/** The short form. */
export const showInList = (connection: ListedConnection & { created: string }) => ({
  ...showShared(connection),
  created: connection.created,
});

/** The full form but for the credentials. */
export const showWithoutCredentials = (connection: Connection, o: { showRefreshToken: boolean }) => {
  const config = connection.connection_config;
  return {
    ...showShared(connection),
    connection_config: o.showRefreshToken ? config : (withoutRefreshTokens(config) as typeof config),
    webhook_url_override: connection.webhook_url_override,
    created_at: connection.created_at,
    updated_at: connection.updated_at,
    last_fetched_at: connection.last_fetched_at,
  };
};

/** The full form; `credentials` are null for a caller that may not see them. */
export const showConnection = (
  connection: Connection,
  credentials: Credentials | null,
  o: { showRefreshToken: boolean },
): Shown => {
  const shown = credentials === null || credentials.type === "NONE" ? {} : credentials;
  return {
    ...showWithoutCredentials(connection, o),
    credentials: o.showRefreshToken ? shown : (withoutRefreshTokens(shown) as Shown["credentials"]),
  };
};
