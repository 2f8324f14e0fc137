// The connection that requests are sent for, opened: its credentials, and the integration's client where they need it.
import type { DataKeys } from "../crypto/data-keys.ts";
import { openIntegrationCredentials } from "../crypto/integration-credentials.ts";
import { getIntegration, type Integration } from "../db/integrations.ts";
import type { Db } from "../db/pool.ts";
import { type LoadedConnection, loadConnection, openTarget } from "../db/targets.ts";
import { AppError } from "../errors.ts";
import type { ProxyTarget } from "../outbound/types.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import { type Client, type Credentials, isRenewable, missingPart } from "../providers/credentials.ts";
import { sendsClient } from "../providers/sends-client.ts";
import { openCredentials } from "./open.ts";
import { isRenewalFailure, type Renewals, type Wanted } from "./renew.ts";

/** Without `renewals` credentials are taken as they are; without `catalogue` only who signs has the client. */
type Deps = { pool: Db; keys: DataKeys; catalogue?: Catalogue | undefined; renewals?: Renewals | undefined };

export type OpenedConnection = { connection: LoadedConnection; credentials: Credentials; client: Client | undefined };

/** `refused`: the version that the provider took no more; `isForced`: newer ones are wanted whatever these are. */
export type HowFresh = { refused?: number | undefined; isForced?: boolean | undefined };

// The old ones serve on when renewing fails early, if they still hold for this long.
const STILL_GOOD_MS = 10_000;

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
  const credentials = await openCredentials(deps.keys, connection);
  const signs = credentials.type === "OAUTH1" || credentials.type === "TBA";
  const isSent = sendsClient(deps.catalogue?.get(connection.provider));
  return { connection, credentials, client: signs || isSent ? await findClient(deps, connection) : undefined };
};

const mustLoad = async ({ pool }: Deps, id: number): Promise<LoadedConnection> => {
  const connection = await loadConnection(pool, { connection: id });
  if (connection === null) throw new AppError("unknown_connection", "the connection was deleted");
  return connection;
};

/** What has to be newer than what, before it is of use; undefined when it is good as it is. */
const wantedOf = (
  { connection, credentials }: OpenedConnection,
  { refused, isForced = false }: HowFresh,
): Wanted | undefined => {
  const { auth_version: version, renew_in_ms: renewInMs } = connection;
  if (!isRenewable(credentials)) return undefined;
  if (isForced) return { seen: version, isForced };
  if (refused !== undefined && version <= refused) return { seen: version };
  if (missingPart(credentials) !== null) return { seen: version };
  return renewInMs !== null && renewInMs <= 0 ? { seen: null } : undefined;
};

const isGoodFor = ({ connection, credentials }: OpenedConnection, sinceMs: number): boolean =>
  missingPart(credentials) === null && (connection.ends_in_ms ?? 0) - sinceMs > STILL_GOOD_MS;

const freshen = async (deps: Deps, opened: OpenedConnection, how: HowFresh): Promise<OpenedConnection> => {
  const wanted = deps.renewals && wantedOf(opened, how);
  if (deps.renewals === undefined || wanted === undefined) return opened;
  const { id } = opened.connection;
  const begunAt = performance.now();
  try {
    await deps.renewals.renew(id, wanted);
  } catch (error) {
    if (wanted.seen === null && isRenewalFailure(error) && isGoodFor(opened, performance.now() - begunAt))
      return opened;
    throw error;
  }
  return await open(deps, await mustLoad(deps, id));
};

/**
 * A connection by its id, with what opens its provider, renewed first where that is due. One statement, one more for the kinds
 * that sign with the integration's client. Throws `unknown_connection` once it is deleted, and what `renew` rejects with.
 */
export const openConnection = async (deps: Deps, id: number, how: HowFresh = {}): Promise<OpenedConnection> =>
  await freshen(deps, await open(deps, await mustLoad(deps, id)), how);

/** The same by its names, with the id of its integration; null when there is none of this name. */
export const openConnectionOf = async (
  deps: Deps,
  names: Parameters<typeof openTarget>[1],
  how: HowFresh = {},
): Promise<{ opened: OpenedConnection; integration: number } | null> => {
  const found = await openTarget(deps.pool, names);
  if (found === null) return null;
  const { integration_id: integration, ...connection } = found;
  return { opened: await freshen(deps, await open(deps, connection), how), integration };
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
    version: connection.auth_version,
  };
};
