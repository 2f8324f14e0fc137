// What a database has had applied: two tables, read in one query, and what follows from comparing them with the files.
import pg from "pg";
import { AppError } from "../errors.ts";
import type { MigrationFile, SqlFile } from "./migration-files.ts";
import type { Db } from "./pool.ts";

type Applied = { number: number; name: string; hash: string; breaking: boolean };
export type Ledger = { migrations: Applied[]; files: Record<string, string> };

/** What has to be done. `ahead` names migrations of a newer version: then nothing is, because newer functions must stay. */
export type Plan = { migrations: MigrationFile[]; sql: SqlFile[]; worker: boolean; ahead: string[] };

const WORKER = "graphile-worker";
const NOT_THERE = new Set(["42P01", "3F000"]);

const READ = `
select coalesce((select json_agg(json_build_object('number', number, 'name', name, 'hash', hash, 'breaking', breaking))
                   from syncline.migrations), '[]') as migrations,
       coalesce((select json_object_agg(name, hash) from syncline.sql_files), '{}') as files`;

const CREATE = [
  "create schema if not exists syncline",
  `create table if not exists syncline.migrations (
     number     int primary key,
     name       text not null,
     hash       text not null,
     breaking   boolean not null,
     applied_at timestamptz not null default statement_timestamp())`,
  "comment on table syncline.migrations is 'A file of migrations/ that was applied, with its SHA-256: applied files are never edited.'",
  "alter table syncline.migrations enable row level security",
  `create table if not exists syncline.sql_files (
     name       text primary key,
     hash       text not null,
     applied_at timestamptz not null default statement_timestamp())`,
  "comment on table syncline.sql_files is 'A file of sql/ as last applied, with its SHA-256; and the version of graphile-worker that made its schema.'",
  "alter table syncline.sql_files enable row level security",
];

/** One query; an empty ledger when the database has none yet. */
export const readLedger = async (db: Db): Promise<Ledger> => {
  try {
    return (await db.query<Ledger>(READ)).rows[0]!;
  } catch (error) {
    if (error instanceof pg.DatabaseError && NOT_THERE.has(error.code ?? "")) return { migrations: [], files: {} };
    throw error;
  }
};

const refuseEdited = (ledger: Ledger, files: Map<number, MigrationFile>): void => {
  for (const applied of ledger.migrations) {
    const file = files.get(applied.number);
    if (file === undefined || file.hash === applied.hash) continue;
    const message = `${file.path} was edited after it was applied; restore it and put the change into a new migration`;
    throw new AppError("migration_edited", message);
  }
};

/** Compare. Throws database_ahead when a newer version made a breaking change, migration_edited when an applied file changed. */
export const plan = (o: {
  ledger: Ledger;
  migrations: MigrationFile[];
  sql: SqlFile[];
  workerVersion: string;
}): Plan => {
  const files = new Map(o.migrations.map((file) => [file.number, file]));
  const applied = new Set(o.ledger.migrations.map((one) => one.number));
  const ahead = o.ledger.migrations.filter((one) => !files.has(one.number));
  const breaking = ahead.find((one) => one.breaking);
  if (breaking) {
    throw new AppError(
      "database_ahead",
      `The database has ${breaking.name}, which this version does not know. Update.`,
    );
  }
  refuseEdited(o.ledger, files);
  if (ahead.length > 0) return { migrations: [], sql: [], worker: false, ahead: ahead.map((one) => one.name) };
  const migrations = o.migrations.filter((file) => !applied.has(file.number));
  const { [WORKER]: workerVersion, ...known } = o.ledger.files;
  const changed =
    migrations.length > 0 ||
    o.sql.length !== Object.keys(known).length ||
    o.sql.some((file) => known[file.name] !== file.hash);
  return { migrations, sql: changed ? o.sql : [], worker: workerVersion !== o.workerVersion, ahead: [] };
};

/** True when there is nothing to do. */
export const isEmpty = (p: Plan): boolean => p.migrations.length === 0 && p.sql.length === 0 && !p.worker;

/** Create the two tables where they are missing. */
export const createLedger = async (db: Db): Promise<void> => {
  const { rows } = await db.query("select 1 from pg_tables where schemaname = 'syncline' and tablename = 'sql_files'");
  if (rows.length > 0) return;
  for (const statement of CREATE) await db.query(statement);
};

/** Record what was applied: the migrations of the plan, and the sql/ files exactly as they are now. */
export const writeLedger = async (db: Db, o: { plan: Plan; sql: SqlFile[]; workerVersion: string }): Promise<void> => {
  for (const { number, name, hash, breaking } of o.plan.migrations) {
    const text = "insert into syncline.migrations (number, name, hash, breaking) values ($1, $2, $3, $4)";
    await db.query(text, [number, name, hash, breaking]);
  }
  const names = [WORKER, ...o.sql.map((file) => file.name)];
  const hashes = [o.workerVersion, ...o.sql.map((file) => file.hash)];
  await db.query("delete from syncline.sql_files where name <> all($1::text[])", [names]);
  await db.query(
    `insert into syncline.sql_files (name, hash) select * from unnest($1::text[], $2::text[])
     on conflict (name) do update set hash = excluded.hash, applied_at = excluded.applied_at
      where sql_files.hash <> excluded.hash`,
    [names, hashes],
  );
};
