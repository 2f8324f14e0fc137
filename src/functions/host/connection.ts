// The run's connection: what a request needs of it, what the function may see of it, its metadata.

import { omit } from "es-toolkit";
import { type OpenedConnection, openConnection, targetOf } from "../../auth/target.ts";
import { writeMetadata } from "../../db/targets.ts";
import type { ProxyTarget } from "../../outbound/types.ts";
import type { Catalogue } from "../../providers/catalogue.ts";
import { type Credentials, withoutRefreshTokens } from "../../providers/credentials.ts";
import { refuseOthers } from "./own.ts";
import type { RunHost } from "./run-host.ts";

const HIDDEN = [
  ...(["credentials_sealed", "auth_mode", "environment_id"] as const),
  ...(["auth_version", "renew_in_ms", "ends_in_ms"] as const),
] as const;

const REMEMBERED_MS = 60_000;

type Options = { forceRefresh?: boolean; refreshToken?: boolean; refreshGithubAppJwtToken?: boolean } | null;

const visible = ({ connection, credentials }: OpenedConnection, showRefreshToken: boolean) => {
  const shown = omit(connection, HIDDEN);
  const seen = (value: unknown) => (showRefreshToken ? value : withoutRefreshTokens(value));
  return {
    ...shown,
    connection_config: seen(shown.connection_config),
    credentials: seen(credentials),
    errors: [],
  };
};

const tokenOf = (credentials: Credentials): unknown => {
  if (credentials.type === "OAUTH2") return credentials.access_token;
  if (credentials.type !== "OAUTH1") return credentials;
  return { oAuthToken: credentials.oauth_token, oAuthTokenSecret: credentials.oauth_token_secret };
};

/** The connection of a run, read once a minute. `refresh` reads it anew, as after a 401. */
export const createConnection = (host: RunHost, catalogue: Catalogue) => {
  let known: { at: number; loading: Promise<OpenedConnection> } | undefined;

  const load = async (): Promise<OpenedConnection> => {
    const opened = await openConnection(host, host.lease.connection_id);
    host.redactor.learn(opened.credentials);
    if (opened.client) host.redactor.learn(opened.client);
    return opened;
  };

  const read = ({ refresh }: { refresh: boolean }): Promise<OpenedConnection> => {
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
    getTarget: async (options: { refresh: boolean }): Promise<ProxyTarget> =>
      targetOf(catalogue, await read(options), host.lease.integration_id),
    getMetadata: async () => (await read({ refresh: false })).connection.metadata,
    setMetadata: (metadata: unknown) => write(metadata, false),
    updateMetadata: (metadata: unknown) => write(metadata, true),
    getConnection: async (integration?: unknown, connection?: unknown, options?: Options) => {
      refuseOthers(host, integration, connection);
      const isAsked = Object.values(options ?? {}).includes(true);
      return visible(await read({ refresh: isAsked }), options?.refreshToken === true);
    },
    getToken: async (): Promise<unknown> => tokenOf((await read({ refresh: false })).credentials),
  };
};

export type RunConnection = ReturnType<typeof createConnection>;
