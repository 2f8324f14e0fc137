// A server process on a test database, and the command line run against it.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { type TestDatabase, testDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { startProcess, startSyncline } from "../helpers/processes.ts";

export type Ran = { out: string; code: number | NodeJS.Signals };

/** Run `syncline <args>` to its end; `out` is all it printed. */
export const runSyncline = async (t: TestContext, args: string[], env: Record<string, string> = {}): Promise<Ran> => {
  const child = startProcess(t, { args: ["src/cli.ts", ...args], env });
  child.end();
  const code = await child.exited;
  return { out: child.output(), code };
};

/** An API process on a fresh database; `env` is what a command needs to find it. */
export const startApi = async (
  t: TestContext,
): Promise<{ db: TestDatabase; url: string; env: Record<string, string> }> => {
  const db = await testDatabase(t, { poolSize: 2 });
  const server = await startSyncline(t, {
    DATABASE_URL: db.url,
    SYNCLINE_ROLE: "api",
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
  });
  const { url } = await server.line(({ event }) => event === "server.started");
  return { db, url: url as string, env: { SYNCLINE_URL: url as string, SYNCLINE_API_KEY: TEST_API_KEY } };
};

/** A folder with these files, removed after the test. */
export const folderWith = async (t: TestContext, files: { [file: string]: string }): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), "syncline-deploy-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  return folder;
};
