// The files of migrations/ and sql/: their order, their hashes, and what their headers say.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../errors.ts";

export type SqlFile = { name: string; path: string; text: string; hash: string };
export type MigrationFile = SqlFile & { number: number; breaking: boolean };
export type Folders = { migrations: string; sql: string };

const ROOT = path.resolve(import.meta.dirname, "../..");

/** Where the product's own files are. */
export const OWN_FOLDERS: Folders = { migrations: path.join(ROOT, "migrations"), sql: path.join(ROOT, "sql") };

const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;
const BREAKING = /^-- breaking: (yes|no)\b/m;

const readFolder = async (folder: string): Promise<SqlFile[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return await Promise.all(
    names.map(async (name) => {
      const text = await readFile(path.join(folder, name), "utf8");
      const shown = `${path.basename(folder)}/${name}`;
      return { name, path: shown, text, hash: createHash("sha256").update(text).digest("hex") };
    }),
  );
};

const asMigration = (file: SqlFile): MigrationFile => {
  const number = Number(NAME.exec(file.name)?.[1]);
  if (Number.isNaN(number)) throw new AppError("migration_failed", `${file.path} is not named NNNN_name.sql`);
  return { ...file, number, breaking: BREAKING.exec(file.text)?.[1] === "yes" };
};

/** All files in the order in which they are applied. Throws migration_failed for a bad name or a number used twice. */
export const readSqlFiles = async (folders: Folders): Promise<{ migrations: MigrationFile[]; sql: SqlFile[] }> => {
  const [migrations, sql] = await Promise.all([readFolder(folders.migrations), readFolder(folders.sql)]);
  const numbered = migrations.map(asMigration);
  const twice = numbered.find((file, index) => file.number === numbered[index - 1]?.number);
  if (twice) throw new AppError("migration_failed", `two migrations have the number of ${twice.path}`);
  return { migrations: numbered, sql };
};
