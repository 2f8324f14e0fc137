// Data folders of embedded databases, removed when all tests of the file are over and no server runs in them any more.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { findRunningPostgres } from "../../src/db/embedded/start.ts";
import { startMigratedPostgres } from "../../src/db/throw-away.ts";
import { until } from "../helpers/until.ts";

const folders: string[] = [];

// Hooks of a test run in the order of their registration, so one that removes the folder would come before the processes' end.
after(async () => {
  for (const folder of folders) {
    await until(`the server in ${folder} is gone`, () => findRunningPostgres(folder) === null);
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A new data folder that the OS user of Postgres can enter. */
export const dataFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), "syncline-crash-"));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
};

/** The same with a migrated database in it, to be started with or without fsync: a copy, as making one takes 3 s of a core. */
export const migratedFolder = async (): Promise<string> => {
  const { dataFolder: folder, stop } = await startMigratedPostgres();
  await stop({ keep: true });
  folders.push(folder);
  return folder;
};
