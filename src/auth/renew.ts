// Credentials renewed by one at a time: in this process by one promise, among all by a lease in the database (61_auth.sql).
//
// A refresh token is good for one use. Whoever got a new one holds what nobody else has, so storing it is tried again until it
// is done: a lost database connection, or a lease that has ended meanwhile, are no reasons to give up. Callers who leave do not
// stop a renewal either. What cannot be helped is a process that dies between the provider's answer and the database.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { openIntegrationConfig, openIntegrationCredentials } from "../crypto/integration-credentials.ts";
import { credentialsPlace } from "../crypto/places.ts";
import { sealJson } from "../crypto/seal.ts";
import { claimRenewal, failRenewal, giveBackRenewal, saveRenewal } from "../db/auth.ts";
import { getIntegration } from "../db/integrations.ts";
import { loadConnection } from "../db/targets.ts";
import { AppError, hasCode, type Json } from "../errors.ts";
import type { Credentials } from "../providers/credentials.ts";
import type { AuthDeps } from "./auth.ts";
import { expiryOf, marginOf } from "./expiry.ts";
import { type ObtainContext, type Obtained, obtain } from "./obtain.ts";
import { openCredentials } from "./open.ts";

// The lease has 30 s; what is left of it is for storing. Counted from before it was asked for: a database that is slow to say
// what the exchange needs must not make it begin when another process has the lease.
const LONGEST_EXCHANGE_MS = 25_000;
// Longer than a lease: who waits for a process that died takes over from it.
const LONGEST_WAIT_MS = 35_000;
const FIRST_PAUSE_MS = 30;
const LONGEST_PAUSE_MS = 500;
const STORE_FOR_MS = 600_000;

/** `seen`: the version that newer ones are wanted than; null when they are wanted only if these are near their end. */
export type Wanted = { seen: number | null; isForced?: boolean };

export type Renewals = {
  /**
   * Resolves when newer credentials are there than the caller has seen. Rejects with `refresh_token_external_error` when the
   * provider gives none, with `connection_refresh_backoff` for 30 s after that and `connection_refresh_exhausted` after
   * failures on 4 days (both not for who insists), with `unknown_connection` when it is deleted.
   */
  renew: (connection: number, wanted: Wanted) => Promise<void>;
  /** Resolves when no renewal is under way. */
  settled: () => Promise<void>;
};

type Deps = AuthDeps & {
  worker: string;
  /** Milliseconds since some moment; `performance.now()` unless given. */
  elapsed?: () => number;
};
type Claimed = { connection: number; token: number };

type Prepared = { context: ObtainContext; seal: (credentials: Credentials) => Buffer };

/** All that is needed of the database before the credentials can be stored. */
const prepare = async (deps: Deps, id: number): Promise<Prepared> => {
  const { pool, keys, catalogue, fetch } = deps;
  const connection = await loadConnection(pool, { connection: id });
  if (connection === null) throw new AppError("unknown_connection", "the connection was deleted");
  const { environment_id: environment, provider_config_key: uniqueKey, provider: name } = connection;
  const integration = await getIntegration(pool, { environment, uniqueKey });
  const provider = catalogue.get(name);
  if (integration === null || provider === undefined)
    throw new AppError("unknown_provider", `there is no provider "${name}"`);
  const context = {
    provider,
    credentials: await openCredentials(keys, connection),
    client: (await openIntegrationCredentials(keys, environment, integration)) ?? {},
    integrationConfig: await openIntegrationConfig(keys, environment, integration),
    connectionConfig: connection.connection_config,
    metadata: connection.metadata,
    fetch,
    now: Date.now,
  };
  const place = credentialsPlace(environment, uniqueKey, connection.connection_id);
  const key = await keys.ofConnection(id);
  return { context, seal: (credentials) => sealJson(key, credentials as Json, place) };
};

/** What was obtained is worth all patience: without it the connection is lost. */
const store = async (
  { pool, log }: Deps,
  claimed: Claimed,
  { context, seal }: Prepared,
  { credentials, connectionConfig = {} }: Obtained,
): Promise<void> => {
  const margin = marginOf(context.provider, credentials);
  const asked = { ...claimed, sealed: seal(credentials), expireAt: expiryOf(credentials), margin };
  const until = performance.now() + STORE_FOR_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      const outcome = await saveRenewal(pool, { ...asked, config: connectionConfig });
      if (outcome !== "stored")
        log.info({ event: "renewal.unused", connection: claimed.connection, outcome }, "newer credentials stand");
      return;
    } catch (err) {
      if (performance.now() > until) throw err;
      log.warn({ event: "renewal.not_stored", connection: claimed.connection, err }, "trying again");
      await sleep(pause);
    }
  }
};

const asRefusal = (error: unknown): AppError =>
  error instanceof AppError
    ? error
    : new AppError("refresh_token_external_error", "The provider could not be asked for a new token.", {
        cause: error,
      });

const noteFailure = async ({ pool, log }: Deps, claimed: Claimed, failure: AppError): Promise<void> => {
  const isFinal = (failure.payload as { isFinal?: boolean } | undefined)?.isFinal === true;
  const error = { type: failure.code, description: failure.message };
  await failRenewal(pool, { ...claimed, error, isFinal }).catch((err) =>
    log.warn({ event: "renewal.failure_not_noted", connection: claimed.connection, err }, "its lease ends by itself"),
  );
  log.warn({ event: "renewal.failed", connection: claimed.connection, err: failure }, "credentials were not renewed");
};

const tooLate = (): AppError =>
  new AppError("connection_refresh_backoff", "The database was too slow for the credentials to be renewed. Try again.");

const exchange = async (deps: Deps, claimed: Claimed, leftMs: () => number): Promise<void> => {
  const giveBack = async (error: unknown): Promise<never> => {
    await giveBackRenewal(deps.pool, claimed).catch(() => {});
    throw error;
  };
  const prepared = await prepare(deps, claimed.connection).catch(giveBack);
  const left = leftMs();
  if (left <= 0) return await giveBack(tooLate());
  let obtained: Obtained;
  try {
    obtained = await obtain({ ...prepared.context, signal: AbortSignal.timeout(left) });
  } catch (error) {
    const failure = asRefusal(error);
    await noteFailure(deps, claimed, failure);
    throw failure;
  }
  await store(deps, claimed, prepared, obtained);
};

const says = (error: { description: string } | null): string => (error === null ? "" : ` ${error.description}`);

/** Until it is done, by us or by another process. */
const renewOnce = async (deps: Deps, connection: number, { seen, isForced = false }: Wanted): Promise<void> => {
  const holder = `${deps.worker} ${randomUUID()}`;
  const { elapsed = () => performance.now() } = deps;
  const until = performance.now() + LONGEST_WAIT_MS;
  let hasWaited = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    // Who has waited takes the other's result, whatever it is.
    const asked = { connection, seen, isForced: isForced && !hasWaited, holder };
    const endsAt = elapsed() + LONGEST_EXCHANGE_MS;
    const { verdict, token, wait_ms: waitMs, error } = await claimRenewal(deps.pool, asked);
    if (verdict === "fresh") return;
    if (verdict === "granted")
      return await exchange(deps, { connection, token: token as number }, () => Math.floor(endsAt - elapsed()));
    if (verdict === "gone") throw new AppError("unknown_connection", "the connection was deleted");
    if (verdict === "exhausted")
      throw new AppError(
        "connection_refresh_exhausted",
        `Renewing the credentials failed on 4 days: connect anew.${says(error)}`,
      );
    if (verdict === "backoff" || performance.now() > until)
      throw new AppError(
        "connection_refresh_backoff",
        `The credentials could not be renewed; in ${Math.ceil(waitMs / 1000)} s it may be tried again.${says(error)}`,
      );
    hasWaited = true;
    await sleep(Math.min(pause, waitMs + 1));
  }
};

/** The renewals of one process. */
export const createRenewals = (deps: Deps): Renewals => {
  type Flight = { seen: number; work: Promise<void> };
  const flights = new Map<string, Flight>();

  const renew: Renewals["renew"] = async (connection, wanted) => {
    const key = `${connection} ${wanted.isForced === true}`;
    const seen = wanted.seen ?? -1;
    for (let flight = flights.get(key); flight !== undefined; flight = flights.get(key)) {
      if (flight.seen >= seen) return await flight.work;
      await flight.work.catch(() => {}); // it may end with what was refused already
    }
    const work = renewOnce(deps, connection, wanted).finally(() => flights.delete(key));
    flights.set(key, { seen, work });
    await work;
  };

  const settled = async (): Promise<void> => {
    while (flights.size > 0) await Promise.allSettled([...flights.values()].map(({ work }) => work));
  };
  return { renew, settled };
};

/** True for what `renew` rejects with when the provider, and not we, is why there are no newer credentials. */
export const isRenewalFailure = (error: unknown): error is AppError =>
  hasCode(error, "refresh_token_external_error") ||
  hasCode(error, "connection_refresh_backoff") ||
  hasCode(error, "connection_refresh_exhausted");
