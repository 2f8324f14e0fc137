// The Postgres that tests run on: one for all test files when they are run together, one per file when it is run alone.
// It is a temporary embedded one, or the server of SYNCLINE_TEST_DATABASE_URL, where the template database is migrated first.
import type pg from "pg";
import { migrate } from "../../src/db/migrate.ts";
import { connect } from "../../src/db/pool.ts";
import { startMigratedPostgres } from "../../src/db/throw-away.ts";
import { printServerTimes } from "./times.ts";

/** A server with a migrated template database: `url` is that of its maintenance database. */
export type TestServer = { url: string; template: string; stop: () => Promise<void> };

const MAINTENANCE = "postgres";
const OWN_TEMPLATE = "syncline"; // to which nobody connects
const KEPT = "select datname from pg_database where datname ~ '^test_' order by 1";

/** The URL of another database on the same server. */
export const databaseUrl = (url: string, name: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
};

// One connection to a server as long as the process lives: a new one costs both sides together 12 ms, and a test that makes
// its database, moves its clock and drops its database would open three.
type Connection = { client: RefClient; waiting: number; last: Promise<unknown> };
type RefClient = pg.Client & { ref: () => void; unref: () => void }; // its types do not have them

const connections = new Map<string, Promise<Connection>>();

const connectTo = async (url: string): Promise<Connection> => {
  const options = { url, applicationName: "syncline test server", statementTimeoutMs: 0 };
  const client = (await connect(options)) as RefClient;
  client.once("end", () => connections.delete(url));
  return { client, waiting: 0, last: Promise.resolve() };
};

/** Run one statement on the server and give its rows. */
export const onServer = async (url: string, statement: string): Promise<Record<string, unknown>[]> => {
  const connecting = connections.get(url) ?? connectTo(url);
  connections.set(url, connecting);
  const connection = await connecting.catch((error: unknown) => {
    connections.delete(url);
    throw error;
  });
  connection.waiting++;
  connection.client.ref();
  const asked = connection.last.then(() => connection.client.query(statement)); // a client takes one at a time
  connection.last = asked.catch(() => {});
  try {
    return (await asked).rows;
  } finally {
    connection.waiting--;
    if (connection.waiting === 0) connection.client.unref(); // or the process would never end
  }
};

// The databases of failed tests stay, so that one can look into them.
const startOwn = async (): Promise<TestServer> => {
  const server = await startMigratedPostgres();
  const url = databaseUrl(server.url, MAINTENANCE);
  const stop = async () => {
    const kept = (await onServer(url, KEPT)).map((row) => row.datname);
    printServerTimes(server.pid);
    await server.stop({ keep: kept.length > 0 });
    if (kept.length === 0) return;
    const example = `SYNCLINE_DATA=${server.dataFolder} npm run -s syncline sql -- --database ${kept[0]} '<query>'`;
    process.stderr.write(`The databases of failed tests (${kept.join(", ")}) stay for an hour:\n  ${example}\n`);
  };
  return { url, template: OWN_TEMPLATE, stop };
};

const useGiven = async (url: string): Promise<TestServer> => {
  const template = `syncline_template_${process.pid}`;
  const drop = `drop database if exists ${template}`;
  await onServer(url, drop);
  await onServer(url, `create database ${template} template template0`);
  await migrate({ url: databaseUrl(url, template) });
  return { url, template, stop: async () => void (await onServer(url, drop)) };
};

/** Start (or take the given) server and make its template. */
export const startTestServer = (given: string | undefined): Promise<TestServer> =>
  given === undefined ? startOwn() : useGiven(given);
