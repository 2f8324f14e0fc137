// The connection that requests are sent for, opened: its credentials, and the integration's client where they need it.
import type { DataKeys } from "../crypto/data-keys.ts";
import { openIntegrationCredentials } from "../crypto/integration-credentials.ts";
import { credentialsPlace } from "../crypto/places.ts";
import { openJson } from "../crypto/seal.ts";
import { getIntegration, type Integration } from "../db/integrations.ts";
import type { Db } from "../db/pool.ts";
import { type LoadedConnection, loadConnection, openTarget } from "../db/targets.ts";
import { AppError } from "../errors.ts";
import type { ProxyTarget } from "../outbound/types.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import { type Client, Credentials } from "../providers/credentials.ts";

type Deps = { pool: Db; keys: DataKeys };

export type OpenedConnection = { connection: LoadedConnection; credentials: Credentials; client: Client | undefined };

const openSealed = async ({ keys }: Deps, connection: LoadedConnection): Promise<Credentials> => {
  const { id, environment_id, provider_config_key, connection_id, credentials_sealed: sealed } = connection;
  if (sealed === null) return { type: "NONE" };
  const place = credentialsPlace(environment_id, provider_config_key, connection_id);
  return Credentials.parse(openJson(await keys.ofConnection(id), sealed, place));
};

/** The client that the integration is known by at its provider, where it has one. */
export const openClient = async (
  keys: DataKeys,
  environment: number,
  integration: Integration,
): Promise<Client | undefined> => {
  const { client_id, client_secret } = (await openIntegrationCredentials(keys, environment, integration)) ?? {};
  if (typeof client_id !== "string" || typeof client_secret !== "string") return undefined;
  return { client_id, client_secret };
};

const findClient = async ({ pool, keys }: Deps, connection: LoadedConnection): Promise<Client | undefined> => {
  const { environment_id: environment, provider_config_key: uniqueKey } = connection;
  const integration = await getIntegration(pool, { environment, uniqueKey });
  return integration === null ? undefined : await openClient(keys, environment, integration);
};

const open = async (deps: Deps, connection: LoadedConnection): Promise<OpenedConnection> => {
  const credentials = await openSealed(deps, connection);
  const signs = credentials.type === "OAUTH1" || credentials.type === "TBA";
  return { connection, credentials, client: signs ? await findClient(deps, connection) : undefined };
};

/**
 * A connection by its id, with what opens its provider. One statement, one more for the kinds that sign with the
 * integration's client. Throws `unknown_connection` once it is deleted.
 */
export const openConnection = async (deps: Deps, id: number): Promise<OpenedConnection> => {
  const connection = await loadConnection(deps.pool, { connection: id });
  if (connection === null) throw new AppError("unknown_connection", "the connection was deleted");
  return await open(deps, connection);
};

/** The same by its names, with the id of its integration; null when there is none of this name. */
export const openConnectionOf = async (
  deps: Deps,
  names: Parameters<typeof openTarget>[1],
): Promise<{ opened: OpenedConnection; integration: number } | null> => {
  const found = await openTarget(deps.pool, names);
  if (found === null) return null;
  const { integration_id: integration, ...connection } = found;
  return { opened: await open(deps, connection), integration };
};

/** What a request needs of the connection; `integration` is the id under which limits may be shared. */
export const targetOf = (
  catalogue: Catalogue,
  { connection, credentials, client }: OpenedConnection,
  integration: number,
): ProxyTarget => {
  const provider = catalogue.get(connection.provider);
  if (provider === undefined) throw new AppError("unknown_provider", `there is no provider "${connection.provider}"`);
  return {
    provider,
    credentials,
    ...(client && { client }),
    connectionConfig: connection.connection_config,
    metadata: connection.metadata,
    account: { connection: connection.id, integration },
  };
};
