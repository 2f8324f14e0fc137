// The Postgres that tests run on: one for all test files when they are run together, one per file when it is run alone.
// It is the embedded one without fsync, or the server of SYNCLINE_TEST_DATABASE_URL. The template database is migrated once.
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { migrate } from "../../src/db/migrate.ts";
import { connect } from "../../src/db/pool.ts";

/** A server with a migrated template database: `url` is that of its maintenance database. */
export type TestServer = { url: string; template: string; stop: () => Promise<void> };

const UNSAFE = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", autovacuum: "on" };
const MAINTENANCE = "postgres";

/** The URL of another database on the same server. */
export const databaseUrl = (url: string, name: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
};

const startOwn = async (): Promise<{ url: string; stop: () => Promise<void> }> => {
  const dataFolder = await mkdtemp(path.join(tmpdir(), "syncline-test-"));
  // As root, Postgres runs as another user, who must be able to enter; the files inside stay private.
  await chmod(dataFolder, 0o755);
  const server = await startEmbeddedPostgres({ dataFolder, settings: UNSAFE });
  const stop = async () => {
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  };
  return { url: databaseUrl(server.url, MAINTENANCE), stop };
};

const onServer = async (url: string, statement: string): Promise<void> => {
  const client = await connect({ url, applicationName: "syncline test", statementTimeoutMs: 0 });
  await client.query(statement).finally(() => client.end());
};

/** Start (or take the given) server and make its template. */
export const startTestServer = async (given: string | undefined): Promise<TestServer> => {
  const server = given === undefined ? await startOwn() : { url: given, stop: async () => {} };
  const template = `syncline_template_${process.pid}`;
  try {
    await onServer(server.url, `drop database if exists ${template}`);
    await onServer(server.url, `create database ${template} template template0`);
    await migrate({ url: databaseUrl(server.url, template) });
  } catch (error) {
    await server.stop();
    throw error;
  }
  const stop = async () => {
    if (given !== undefined) await onServer(server.url, `drop database if exists ${template}`);
    await server.stop();
  };
  return { url: server.url, template, stop };
};
