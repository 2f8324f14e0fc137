// A fresh migrated database for one test: cloned from the template, dropped when the test passed, kept and named when not.
import { randomBytes } from "node:crypto";
import { after, type TestContext } from "node:test";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { createTestClock, type TestClock } from "./clock.ts";
import { databaseUrl, onServer, startTestServer, type TestServer } from "./server.ts";

export type TestDatabase = {
  pool: Pool;
  url: string;
  name: string;
  /** The rows of one statement. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows its columns
  query: (sql: string, params?: unknown[]) => Promise<Record<string, any>[]>;
  clock: TestClock;
  /** One more pool on this database, which follows the clock and is ended with the test. */
  newPool: (o?: { max?: number; options?: string }) => Pool;
};

let ownServer: Promise<TestServer> | undefined;

const drop = (name: string): string => `drop database if exists ${name} with (force)`;

// What finished tests leave to be closed. Hooks run in the order in which they were registered: closing in a hook of ours
// would take the database away from under the servers that the test stops in hooks of its own, later.
const finished: (() => Promise<void>)[] = [];

const closeFinished = async (): Promise<void> => {
  for (const close of finished.splice(0)) await close();
};

// Here and not where the server starts: there it would belong to the test that happens to be first.
after(async () => {
  await closeFinished();
  await dropShared();
  await (await ownServer)?.stop();
});

const findServer = async (): Promise<{ url: string; template: string }> => {
  const { SYNCLINE_TEST_SERVER: url, SYNCLINE_TEST_TEMPLATE: template } = process.env;
  if (url !== undefined && template !== undefined) return { url, template };
  if (ownServer === undefined) {
    ownServer = startTestServer(process.env.SYNCLINE_TEST_DATABASE_URL);
  }
  return await ownServer;
};

/** An empty database without our schema, for tests of the migration itself; dropped like the others. */
export const emptyDatabase = async (t: TestContext): Promise<{ url: string; name: string }> => {
  const server = await findServer();
  return await createDatabase(t, server.url, "template0");
};

const make = async (server: string, template: string): Promise<string> => {
  const name = `test_${randomBytes(6).toString("hex")}`;
  // file_copy is quicker than wal_log for a template of this size, where fsync is off.
  await onServer(server, `create database ${name} template ${template} strategy file_copy`);
  return name;
};

const createDatabase = async (t: TestContext, server: string, template: string) => {
  await closeFinished();
  const name = await make(server, template);
  const url = databaseUrl(server, name);
  t.after(() => {
    // The types of Node 24 do not have `passed` yet.
    const isPassed = (t as unknown as { passed: boolean }).passed;
    if (!isPassed) t.diagnostic(`the database ${name} is kept`);
    // A connection that a failed test still holds would keep this process from ending.
    const disconnect = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
    finished.push(async () => void (await onServer(server, isPassed ? drop(name) : disconnect)));
  });
  return { name, url };
};

let shared: Promise<{ name: string; pool: Pool }> | undefined;

const makeShared = async () => {
  const server = await findServer();
  const name = await make(server.url, server.template);
  const url = databaseUrl(server.url, name);
  return { name, pool: createPool({ url, max: 2, applicationName: `syncline test ${process.pid}` }) };
};

/** A pool on the one database of this process that is for tests which leave nothing in it. */
export const sharedPool = async (): Promise<Pool> => {
  shared ??= makeShared();
  return (await shared).pool;
};

const dropShared = async (): Promise<void> => {
  if (shared === undefined) return;
  const [server, { name, pool }] = await Promise.all([findServer(), shared]);
  void pool.end();
  await onServer(server.url, drop(name));
};

/** See the type; `poolSize` is 10 unless given. */
export const testDatabase = async (t: TestContext, o: { poolSize?: number } = {}): Promise<TestDatabase> => {
  const server = await findServer();
  const { name, url } = await createDatabase(t, server.url, server.template);
  const pools: Pool[] = [];
  const { clock, follow } = createTestClock({
    name,
    onServer: (statement) => onServer(server.url, statement),
    pool: () => pool,
  });
  const newPool: TestDatabase["newPool"] = ({ max = 10, options } = {}) => {
    const made = follow(createPool({ url, max, options, applicationName: `syncline test ${process.pid}` }));
    pools.push(made);
    return made;
  };
  const pool = newPool({ max: o.poolSize ?? 10 });
  t.after(() => {
    // Not awaited: the end of a pool waits for clients that were never given back; what comes after closes them.
    finished.unshift(async () => {
      for (const one of pools.filter((made) => !made.ended)) void one.end();
    });
  });
  const query: TestDatabase["query"] = async (sql, params = []) => (await pool.query(sql, params)).rows;
  return { pool, url, name, query, clock, newPool };
};
