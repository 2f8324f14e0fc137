// A connection made by an end user in a connect session: what the app said when it invited them decides, not the browser.
import { randomUUID } from "node:crypto";
import { actingFor, isActing } from "../db/actor.ts";
import { announceFailedConnection } from "../db/auth.ts";
import type { ConnectSession } from "../db/connect-sessions.ts";
import type { Integration } from "../db/integrations.ts";
import { openTarget } from "../db/targets.ts";
import { AppError } from "../errors.ts";
import type { Credentials } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";
import { tagsOfEndUser } from "./end-user.ts";
import { type MakeDeps, makeConnection } from "./make-connection.ts";

export type InSession = {
  integration: Integration;
  provider: Provider;
  credentials: Credentials;
  /** What the browser sent and the provider said; the session's own lies over it. */
  connectionConfig: Record<string, unknown>;
  metadata?: Record<string, unknown>;
};

export type MadeInSession = { connectionId: string; providerConfigKey: string; connection: number; isNew: boolean };

type Config = Record<string, unknown>;

/** Throws `integration_not_allowed` for a session that is for others. */
export const checkAllowed = (session: ConnectSession, uniqueKey: string): void => {
  const { allowed_integrations: allowed } = session;
  if (allowed !== null && !allowed.includes(uniqueKey)) throw new AppError("integration_not_allowed");
};

/** What the app set for connections of this integration. */
export const defaultsOf = (
  { defaults }: ConnectSession,
  uniqueKey: string,
): { user_scopes?: string; authorization_params?: Record<string, string>; connection_config?: Config } =>
  (Object.hasOwn(defaults, uniqueKey) ? defaults[uniqueKey] : {}) as object;

const unlessEmpty = <T extends object>(value: T): T | null => (Object.keys(value).length === 0 ? null : value);

/** The app hears of an attempt that failed. What nobody foresaw is not told in words that nobody has looked at. */
const announce = async (
  { pool, log }: MakeDeps,
  session: ConnectSession,
  { integration, provider }: InSession,
  { connection, error }: { connection: string; error: unknown },
): Promise<void> => {
  const { code: type, message: description } = error instanceof AppError ? error : new AppError("server_error");
  await announceFailedConnection(pool, {
    environment: session.environment_id,
    integration: integration.unique_key,
    connection,
    operation: session.connection_id === null ? "creation" : "override",
    error: { type, description },
    tags: session.tags,
    endUser: session.end_user,
    authMode: provider.auth_mode,
  }).catch((err: unknown) => log.warn({ event: "connect.not_announced", err }, "a failed attempt was not announced"));
};

const ended = (error: unknown): unknown =>
  error instanceof AppError && error.code === "SL005" && error.message === "session ended"
    ? new AppError("unknown_connect_session_token", "This session has made its connection already.", { cause: error })
    : error;

/**
 * Make the connection, or renew the one that the session is for, and end the session with it. Rejects as `makeConnection` does,
 * with `integration_not_allowed`, and with `unknown_connect_session_token` when another request was first; after a failure the
 * session goes on, and the app hears of it.
 */
export const makeInSession = async (
  deps: MakeDeps,
  session: ConnectSession,
  given: InSession,
): Promise<MadeInSession> => {
  const { integration, provider, credentials, metadata = null } = given;
  const { unique_key: providerConfigKey } = integration;
  const { id, environment_id: environment, end_user: endUser } = session;
  checkAllowed(session, providerConfigKey);
  const connectionId = session.connection_id ?? randomUUID();
  const names = { environment, integration: providerConfigKey, connection: connectionId };
  const known = session.connection_id === null ? null : await openTarget(deps.pool, names);
  const set = defaultsOf(session, providerConfigKey).connection_config;
  const wanted = {
    environment,
    integration,
    provider,
    connection: connectionId,
    credentials,
    connectionConfig: { ...known?.connection_config, ...given.connectionConfig, ...set },
    metadata,
    tags: unlessEmpty(session.tags),
    generatedTags: endUser === null ? null : tagsOfEndUser(endUser),
    endUser,
    webhookUrlOverride: session.webhook_url_override,
    session: id,
  };
  // A provider sends end users back without anything that says who they are: then the session is known here.
  const make = () => makeConnection(deps, wanted);
  const made = await (isActing() ? make() : actingFor({ kind: "connect_session", id: String(id) }, make)).catch(
    async (error: unknown) => {
      const told = ended(error);
      // Who comes second has failed at nothing that the app waits for.
      if (told === error) await announce(deps, session, given, { connection: connectionId, error });
      throw told;
    },
  );
  return { connectionId, providerConfigKey, ...made };
};
