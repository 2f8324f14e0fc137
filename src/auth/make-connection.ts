// A connection made from credentials, wherever they come from: tested, written down with its syncs, looked at by the
// connection's own functions, and only then welcome.
import { credentialsPlace } from "../crypto/places.ts";
import { sealJson } from "../crypto/seal.ts";
import { releaseConnectSession, useConnectSession } from "../db/connect-sessions.ts";
import { discardConnection, importConnection, setCredentials } from "../db/connections.ts";
import { welcomeConnection } from "../db/functions.ts";
import type { Db } from "../db/pool.ts";
import { listEventFunctions } from "../db/runs.ts";
import { inTransaction } from "../db/tx.ts";
import { AppError, type Json } from "../errors.ts";
import { askAfterConnecting } from "./after-connecting.ts";
import type { AuthDeps } from "./auth.ts";
import { complete } from "./complete.ts";
import { expiryOf, marginOf } from "./expiry.ts";
import { targetOf, testCredentials } from "./test-credentials.ts";
import type { Unwritten } from "./unwritten.ts";

const VALIDATION = "validate-connection";

/** A function's failure, as far as it is shown. */
type Failure = Error & { payload?: unknown };

export type MakeDeps = AuthDeps & {
  /** Runs the connection's functions on this event, and gives what failed. */
  runEvent: (asked: { connection: number; event: typeof VALIDATION }) => Promise<Failure[]>;
};

/** Null stands for what an old connection has already, or for nothing. One that exists gets the new credentials. */
export type NewConnection = Unwritten & {
  tags: Record<string, string> | null;
  /** Of the end user; under `tags`. */
  generatedTags: Record<string, string> | null;
  endUser: Record<string, unknown> | null;
  webhookUrlOverride: string | null;
  /** Taken as they are: the provider is not asked about them, nor for what they lack. */
  isTaken?: boolean;
  /** One of this name is left as it is: `SL005` when there is one by then. */
  mustBeNew?: boolean;
  /** The connect session that ends with it: `SL005` when it made another one before. */
  session?: number | undefined;
};

/** The number of the connection, and whether it is a new one. */
export type MadeConnection = { connection: number; isNew: boolean };

/** Write the connection down. It is welcome at once unless functions have to look at it first. */
const write = async (
  db: Db,
  { keyring }: AuthDeps["keys"],
  given: NewConnection,
): Promise<MadeConnection & { mustBeValidated: boolean }> => {
  const { environment, connection, credentials } = given;
  const { unique_key: integration } = given.integration;
  const candidate = keyring.createDataKey();
  const {
    id,
    is_new: isNew,
    ...key
  } = await importConnection(db, {
    environment,
    integration,
    connection,
    authMode: given.provider.auth_mode,
    connectionConfig: given.connectionConfig,
    metadata: given.metadata,
    tags: given.tags,
    generatedTags: given.generatedTags,
    endUser: given.endUser,
    webhookUrlOverride: given.webhookUrlOverride,
    wrapped: candidate.wrapped,
    masterKeyId: candidate.master_key_id,
  });
  if (given.mustBeNew && !isNew) throw new AppError("SL005", "the connection exists");
  const place = credentialsPlace(environment, integration, connection);
  const sealed = sealJson(keyring.open(key), credentials as Json, place);
  const margin = marginOf(given.provider, credentials);
  await setCredentials(db, { connection: id, sealed, expireAt: expiryOf(credentials), margin });
  if (given.session !== undefined) await useConnectSession(db, { id: given.session, connection: id });
  const mustBeValidated = (await listEventFunctions(db, { connection: id, event: VALIDATION })).length > 0;
  if (!mustBeValidated) await welcomeConnection(db, { connection: id, isNew });
  return { connection: id, isNew, mustBeValidated };
};

const refusal = (failure: Failure): AppError => {
  const { message, error } = (failure.payload ?? {}) as { message?: unknown; error?: unknown };
  const says = [message, error].find((text) => typeof text === "string" && text !== "") ?? failure.message;
  return new AppError("connection_validation_failed", says as string, { cause: failure });
};

/** Let the connection's functions look at it, then welcome it. A new one that is refused is gone; an old one stays as overridden. */
const validate = async (
  { pool, runEvent }: MakeDeps,
  made: MadeConnection,
  session: number | undefined,
): Promise<void> => {
  const { connection, isNew } = made;
  try {
    const [failure] = await runEvent({ connection, event: VALIDATION });
    if (failure !== undefined) throw refusal(failure);
  } catch (error) {
    await inTransaction(pool, async (client) => {
      if (isNew) await discardConnection(client, made);
      if (session !== undefined) await releaseConnectSession(client, { id: session, connection });
    });
    throw error;
  }
  await inTransaction(pool, (client) => welcomeConnection(client, made));
};

const withWhatIsTold = async (deps: MakeDeps, given: NewConnection): Promise<NewConnection> => {
  if (given.provider.after_connecting === undefined) return given;
  return { ...given, connectionConfig: await askAfterConnecting(deps, await targetOf(deps, given)) };
};

/** The same once its provider has taken it, with what that told. */
const settled = async (deps: MakeDeps, asked: NewConnection): Promise<NewConnection> => {
  await testCredentials(deps, asked);
  return await withWhatIsTold(deps, await complete(deps, asked));
};

/**
 * Make a connection and its syncs, or give the one of this name new credentials, in about seven statements. Rejects with
 * `connection_test_failed` when the provider refuses the credentials or gives no token for them, and `connection_validation_failed` when one of the
 * app's functions does: then nothing new is there.
 */
export const makeConnection = async (deps: MakeDeps, asked: NewConnection): Promise<MadeConnection> => {
  const given = asked.isTaken ? asked : await settled(deps, asked);
  const { mustBeValidated, ...made } = await inTransaction(deps.pool, (client) => write(client, deps.keys, given));
  if (mustBeValidated) await validate(deps, made, given.session);
  return made;
};
