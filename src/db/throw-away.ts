// A Postgres with our schema for the life of one task: functions that are tested, our own tests. To make a cluster and migrate
// it takes 3 s of a core; so the first one is kept, for the files it was made from, and copied by those that follow: 0.4 s.
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { startEmbeddedPostgres } from "./embedded/start.ts";
import { readState, writeState } from "./embedded/state.ts";
import { NOT_DURABLE, startTemporaryPostgres, type TemporaryPostgres } from "./embedded/temporary.ts";
import { migrate } from "./migrate.ts";
import { OWN_FOLDERS, readSqlFiles } from "./migration-files.ts";
import { connect } from "./pool.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CACHE = path.join(ROOT, "node_modules/.cache/syncline");
const PREFIX = "cluster-";
const MOST_KEPT = 4; // 60 MB each
const PARTS = ["postgres", "postgres.json"];
const LARGEST_CATALOGS = `select oid::regclass as name from pg_class
  where relnamespace = 'pg_catalog'::regnamespace and relkind = 'r' and not relisshared and relpages > 5
  order by relpages desc`;

// Anything that has a say in what is made: the versions are in package.json.
const keyOf = async (): Promise<string> => {
  const { migrations, sql } = await readSqlFiles(OWN_FOLDERS);
  const own = path.join(import.meta.dirname, "embedded");
  const files = [path.join(ROOT, "package.json"), import.meta.filename];
  for (const name of (await readdir(own)).sort()) files.push(path.join(own, name));
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.getuid?.()}`);
  for (const file of files) hash.update(await readFile(file));
  for (const file of [...migrations, ...sql]) hash.update(file.name).update(file.hash);
  return hash.digest("hex").slice(0, 16);
};

// With their owner: as root, Postgres runs as another user.
const copyParts = async (from: string, to: string): Promise<void> =>
  void (await promisify(execFile)("cp", ["-a", ...PARTS.map((name) => path.join(from, name)), to]));

const dropOld = async (cache: string): Promise<void> => {
  const names = (await readdir(cache)).filter((name) => name.startsWith(PREFIX)).map((name) => path.join(cache, name));
  const aged = await Promise.all(names.map(async (name) => ({ name, at: (await stat(name)).mtimeMs })));
  const old = aged.sort((one, other) => other.at - one.at).slice(MOST_KEPT);
  for (const { name } of old) await rm(name, { recursive: true, force: true });
};

const keep = async (dataFolder: string, kept: string): Promise<void> => {
  const unfinished = path.join(path.dirname(kept), `unfinished-${randomUUID()}`);
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    await copyParts(dataFolder, unfinished);
    await rename(unfinished, kept);
    await dropOld(path.dirname(kept));
  } catch {
    // It cannot be written, another process was quicker, or the cluster is elsewhere: then each makes its own.
    await rm(unfinished, { recursive: true, force: true }).catch(() => {});
  }
};

// What a migration leaves in the catalogs is read by each connection and copied into each database that is made from this one:
// packed, they are 12 MB and not 15, and a copy made and dropped again takes 6 ms less. The tables of ours stay as they are: one
// that was vacuumed while it was empty is planned as if it would stay empty. The last connection leaves the file from which
// the first of each copy knows the catalogs.
const packCatalogs = async (url: string): Promise<void> => {
  const session = { url, applicationName: "syncline migrate", statementTimeoutMs: 0 };
  const client = await connect(session);
  try {
    const { rows } = await client.query(LARGEST_CATALOGS);
    for (const { name } of rows) await client.query(`vacuum (full) ${name}`);
  } finally {
    await client.end();
  }
  await (await connect(session)).end();
};

const make = async (dataFolder: string): Promise<void> => {
  const server = await startEmbeddedPostgres({ dataFolder, settings: NOT_DURABLE });
  try {
    await migrate({ url: server.url });
    await packCatalogs(server.url);
  } finally {
    await server.stop();
  }
};

const restore = async (kept: string, dataFolder: string): Promise<void> => {
  const now = new Date();
  await utimes(kept, now, now);
  await copyParts(kept, dataFolder);
  writeState(dataFolder, { ...readState(dataFolder)!, cluster: path.join(dataFolder, "postgres"), port: 0 });
};

/** Start one in a new folder of the system's temporary folder; `stop` removes it. `cache` is where the first one is kept. */
export const startMigratedPostgres = async ({ cache = CACHE } = {}): Promise<TemporaryPostgres> => {
  const kept = path.join(cache, `${PREFIX}${await keyOf()}`);
  if (existsSync(kept)) {
    try {
      return await startTemporaryPostgres({ fill: (folder) => restore(kept, folder) });
    } catch {
      await rm(kept, { recursive: true, force: true }); // damaged, or just removed by another process
    }
  }
  const fill = async (folder: string): Promise<void> => {
    await make(folder);
    await keep(folder, kept);
  };
  return await startTemporaryPostgres({ fill });
};
