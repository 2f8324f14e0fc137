// A Postgres for the life of one task: tests, or writing the schema's dump. Not durable, and so quicker.
import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findServer } from "./stale.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./start.ts";

/** `dataFolder` is removed by `stop()`, or stays with `stop({ keep: true })` until another temporary one is started. */
export type TemporaryPostgres = Omit<EmbeddedPostgres, "stop"> & {
  dataFolder: string;
  stop: (o?: { keep: boolean }) => Promise<void>;
};

const PREFIX = "syncline-temporary-";
const OLD_MS = 3_600_000;

/** The settings of its server. */
export const NOT_DURABLE = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

// What was kept, or left by a killed process, an hour ago or longer: each is 50 MB or more.
const removeOld = async (): Promise<void> => {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const folder of names.map((name) => path.join(tmpdir(), name))) {
    const found = await stat(folder).catch(() => null);
    if (found === null || Date.now() - found.mtimeMs < OLD_MS || findServer(path.join(folder, "postgres"))) continue;
    await rm(folder, { recursive: true, force: true });
  }
};

/** Start one in a new folder of the system's temporary folder, which `fill` may put a cluster in before. */
export const startTemporaryPostgres = async (
  o: { fill?: (dataFolder: string) => Promise<void> } = {},
): Promise<TemporaryPostgres> => {
  await removeOld();
  const dataFolder = await mkdtemp(path.join(tmpdir(), PREFIX));
  // As root, Postgres runs as another user, who must be able to enter; the files inside stay private.
  await chmod(dataFolder, 0o755);
  const remove = () => rm(dataFolder, { recursive: true, force: true });
  const start = async () => {
    await o.fill?.(dataFolder);
    return await startEmbeddedPostgres({ dataFolder, settings: NOT_DURABLE });
  };
  const server = await start().catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const stop = async (o = { keep: false }) => {
    await server.stop();
    if (!o.keep) await remove();
  };
  return { ...server, dataFolder, stop };
};
