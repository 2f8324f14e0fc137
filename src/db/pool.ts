// Connections to Postgres. Each one names itself, has time limits, speaks UTC, and never ends the process when it is lost:
// node-postgres raises an `error` event on idle and on checked-out clients, and an event nobody listens to is fatal.
import pg from "pg";
import { types } from "./types.ts";

export type Pool = pg.Pool;

/** What a query can be sent to: a pool, or one client of it inside a transaction. */
export type Db = pg.Pool | pg.ClientBase;

type Log = { warn: (fields: object, message: string) => void };

type ConnectionOptions = {
  url: string;
  applicationName: string;
  /** Settings in libpq's form, such as `-c plan_cache_mode=force_custom_plan`. */
  options?: string | undefined;
  /** Milliseconds; 0 means no limit. */
  statementTimeoutMs?: number | undefined;
  idleInTransactionMs?: number | undefined;
};

const SESSION = "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres";
const CONNECT_TIMEOUT_MS = 10_000;

// A new connection costs 5 to 10 ms: keep them over the usual gap between two rounds of work.
const IDLE_MS = 30_000;

const ignore = (): void => {};

/** What node-postgres needs to know for one connection of ours. */
export const clientConfig = (o: ConnectionOptions): pg.ClientConfig => {
  const url = new URL(o.url);
  const fromUrl = url.searchParams.get("options");
  url.searchParams.delete("options");
  return {
    connectionString: url.href,
    application_name: o.applicationName,
    options: [fromUrl, SESSION, o.options].filter(Boolean).join(" "),
    statement_timeout: o.statementTimeoutMs ?? 60_000,
    idle_in_transaction_session_timeout: o.idleInTransactionMs ?? 60_000,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
  };
};

/**
 * A pool of at most `max` connections. `applicationName` is what pg_stat_activity shows: `syncline <role> <pid>`.
 * A lost connection is logged (where `log` is given) and replaced; the query that was on it rejects.
 */
export const createPool = (o: ConnectionOptions & { max: number; log?: Log | undefined }): Pool => {
  const pool = new pg.Pool({ ...clientConfig(o), max: o.max, idleTimeoutMillis: IDLE_MS });
  pool.on("error", (err) => {
    // end() resolves before the last socket is closed; what happens to that one is no news.
    if (!pool.ending) o.log?.warn({ event: "database.connection_lost", err }, "an idle connection was lost");
  });
  pool.on("connect", (client) => client.on("error", ignore));
  return pool;
};

/** One connection outside any pool, connected; the caller ends it. A session that must outlive statements (locks, listen) uses this. */
export const connect = async (o: ConnectionOptions): Promise<pg.Client> => {
  const client = new pg.Client(clientConfig(o));
  client.on("error", ignore);
  await client.connect();
  return client;
};
