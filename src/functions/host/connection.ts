// The run's connection: what a request needs of it, what the function may see of it, its metadata.

import { omit } from "es-toolkit/object/omit";
import { rememberOpened } from "../../auth/remember.ts";
import { type HowFresh, type OpenedConnection, openConnection, targetOf } from "../../auth/target.ts";
import { noteReader } from "../../db/audit.ts";
import { writeMetadata } from "../../db/targets.ts";
import type { GetTarget, ProxyTarget } from "../../outbound/types.ts";
import { type Credentials, withoutRefreshTokens } from "../../providers/credentials.ts";
import { asRun } from "./as-run.ts";
import type { HostDeps } from "./host.ts";
import { refuseOthers } from "./own.ts";
import type { RunHost } from "./run-host.ts";

type Options = { forceRefresh?: boolean; refreshToken?: boolean; refreshGithubAppJwtToken?: boolean } | null;

const HIDDEN = [
  ...(["credentials_sealed", "auth_mode", "environment_id"] as const),
  ...(["auth_version", "renew_in_ms", "ends_in_ms"] as const),
] as const;

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

/** The connection of a run. Its credentials are fresh; `refresh` renews them, as after a 401. */
export const createConnection = (host: RunHost, { catalogue, renewals }: Pick<HostDeps, "catalogue" | "renewals">) => {
  const load = async (how: HowFresh): Promise<{ opened: OpenedConnection }> => {
    const opened = await openConnection({ ...host, catalogue, renewals }, host.lease.connection_id, how);
    host.redactor.learn(opened.credentials);
    if (opened.client) host.redactor.learn(opened.client);
    return { opened };
  };
  const { read, forget } = rememberOpened(load);
  const current = async () => (await read({ refresh: false })).opened;

  // Once a run: 0.15 ms of the database and 300 bytes. Requests show it nothing, so they are not written down.
  let noted: Promise<unknown> | undefined;
  const note = async (): Promise<void> => {
    const {
      id,
      environment_id: environment,
      connection_id: connection,
      provider_config_key,
      connection_name,
    } = host.lease;
    const reader = { kind: "run", ...(id === 0 ? { name: "dry run" } : { id: String(id) }) };
    noted ??= noteReader(host.pool, {
      environment,
      connection,
      name: `${provider_config_key}/${connection_name}`,
      reader,
    });
    try {
      await noted;
    } catch (error) {
      noted = undefined;
      throw error;
    }
  };

  const write = async (metadata: unknown, merge: boolean): Promise<Record<string, unknown>> => {
    const written = await asRun(host.lease, () => writeMetadata(host.pool, { ...host.fence, metadata, merge }));
    forget();
    return written;
  };

  return {
    read,
    getTarget: async (options: Parameters<GetTarget>[0]): Promise<ProxyTarget> =>
      targetOf(catalogue, (await read(options)).opened, host.lease.integration_id),
    getMetadata: async () => (await current()).connection.metadata,
    setMetadata: (metadata: unknown) => write(metadata, false),
    updateMetadata: (metadata: unknown) => write(metadata, true),
    getConnection: async (integration?: unknown, connection?: unknown, options?: Options) => {
      refuseOthers(host, integration, connection);
      const isAsked = options?.forceRefresh === true || options?.refreshGithubAppJwtToken === true;
      if (isAsked) forget();
      const opened = isAsked ? (await load({ isForced: true })).opened : await current();
      await note();
      return visible(opened, options?.refreshToken === true);
    },
    getToken: async (): Promise<unknown> => {
      const { credentials } = await current();
      await note();
      return tokenOf(credentials);
    },
  };
};

export type RunConnection = ReturnType<typeof createConnection>;
