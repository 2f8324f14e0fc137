// The run's connection: what a request needs of it, what the function may see of it, its metadata.
import { credentialsPlace } from "../../crypto/places.ts";
import { openJson } from "../../crypto/seal.ts";
import { type LoadedConnection, loadConnection, writeMetadata } from "../../db/targets.ts";
import { AppError } from "../../errors.ts";
import type { ProxyTarget } from "../../outbound/types.ts";
import type { Catalogue } from "../../providers/catalogue.ts";
import { Credentials } from "../../providers/credentials.ts";
import { refuseOthers } from "./own.ts";
import type { RunHost } from "./run-host.ts";

const REMEMBERED_MS = 60_000;

type Known = { connection: LoadedConnection; credentials: Credentials };

type Options = { forceRefresh?: boolean; refreshToken?: boolean; refreshGithubAppJwtToken?: boolean } | null;

const visible = ({ connection, credentials }: Known, showRefreshToken: boolean) => {
  const { credentials_sealed: _sealed, auth_mode: _mode, environment_id: _environment, ...shown } = connection;
  const { refresh_token, ...others } = credentials as Credentials & { refresh_token?: string };
  const token = showRefreshToken && refresh_token !== undefined ? { refresh_token } : {};
  return { ...shown, credentials: { ...others, ...token }, errors: [] };
};

/** The connection of a run, read once a minute. `refresh` reads it anew, as after a 401. */
export const createConnection = (host: RunHost, catalogue: Catalogue) => {
  let known: { at: number; loading: Promise<Known> } | undefined;

  const load = async (): Promise<Known> => {
    const connection = await loadConnection(host.pool, { connection: host.lease.connection_id });
    if (connection === null) throw new AppError("unknown_connection", "the connection was deleted");
    const sealed = connection.credentials_sealed;
    if (sealed === null) return { connection, credentials: { type: "NONE" } };
    const key = await host.keys.ofConnection(connection.id);
    const { environment_id, provider_config_key, connection_id } = connection;
    const place = credentialsPlace(environment_id, provider_config_key, connection_id);
    const credentials = Credentials.parse(openJson(key, sealed, place));
    host.redactor.learn(credentials);
    return { connection, credentials };
  };

  const read = ({ refresh }: { refresh: boolean }): Promise<Known> => {
    if (known === undefined || refresh || Date.now() - known.at > REMEMBERED_MS)
      known = { at: Date.now(), loading: load() };
    return known.loading;
  };

  const write = async (metadata: unknown, merge: boolean): Promise<Record<string, unknown>> => {
    const written = await writeMetadata(host.pool, { ...host.fence, metadata, merge });
    known = undefined;
    return written;
  };

  return {
    read,
    getTarget: async (options: { refresh: boolean }): Promise<ProxyTarget> => {
      const { connection, credentials } = await read(options);
      const provider = catalogue.get(connection.provider);
      if (provider === undefined)
        throw new AppError("unknown_provider", `there is no provider "${connection.provider}"`);
      return {
        provider,
        credentials,
        connectionConfig: connection.connection_config,
        metadata: connection.metadata,
        account: { connection: connection.id, integration: host.lease.integration_id },
      };
    },
    getMetadata: async () => (await read({ refresh: false })).connection.metadata,
    setMetadata: (metadata: unknown) => write(metadata, false),
    updateMetadata: (metadata: unknown) => write(metadata, true),
    getConnection: async (integration?: unknown, connection?: unknown, options?: Options) => {
      refuseOthers(host, integration, connection);
      const isAsked = Object.values(options ?? {}).includes(true);
      return visible(await read({ refresh: isAsked }), options?.refreshToken === true);
    },
    getToken: async (): Promise<unknown> => {
      const { credentials } = await read({ refresh: false });
      return credentials.type === "OAUTH2" ? credentials.access_token : credentials;
    },
  };
};

export type RunConnection = ReturnType<typeof createConnection>;
