// A connection as the API shows it, refresh tokens left out unless asked for.
import { credentialsPlace } from "../crypto/places.ts";
import { openJson } from "../crypto/seal.ts";
import type { Connection } from "../db/connections.ts";
import type { Json } from "../errors.ts";
import type { HttpDeps } from "./deps.ts";

const isRefreshToken = (key: string): boolean => key.toLowerCase().replace(/[^a-z]/g, "") === "refreshtoken";

/** The value without any field, however deep, whose name means "refresh token". */
export const withoutRefreshTokens = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutRefreshTokens);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !isRefreshToken(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutRefreshTokens(inner)]));
};

/** The connection's credentials as they are sealed; `{}` when it has none. */
export const openCredentials =
  ({ keys }: Pick<HttpDeps, "keys">) =>
  async (environment: number, connection: Connection): Promise<Record<string, Json>> => {
    if (connection.credentials_sealed === null) return {};
    const place = credentialsPlace(environment, connection.provider_config_key, connection.connection_id);
    const key = await keys.ofConnection(connection.id);
    const credentials = openJson(key, connection.credentials_sealed, place) as Record<string, Json>;
    return credentials.type === "NONE" ? {} : credentials;
  };

/** The full form. `credentials` are given opened, or `{}` for a caller that may not see them. */
export const showConnection = (
  connection: Connection,
  credentials: Record<string, Json>,
  o: { showRefreshToken: boolean },
) => {
  const visible = (value: unknown) => (o.showRefreshToken ? value : withoutRefreshTokens(value));
  return {
    id: connection.id,
    connection_id: connection.connection_id,
    provider_config_key: connection.provider_config_key,
    provider: connection.provider,
    errors: connection.errors,
    end_user: connection.end_user,
    tags: connection.tags,
    metadata: connection.metadata,
    connection_config: visible(connection.connection_config),
    webhook_url_override: connection.webhook_url_override,
    created_at: connection.created_at,
    updated_at: connection.updated_at,
    last_fetched_at: connection.last_fetched_at,
    credentials: visible(credentials),
  };
};
