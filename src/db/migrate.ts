// Brings a database to the schema of this code. Numbered files in migrations/ run once and are never edited; files in
// sql/ are applied again, in order, whenever one of them changed. Everything of ours happens in one transaction, under
// one advisory lock, so twenty processes may start at once. When nothing is pending it takes one query and no lock.
import type pg from "pg";
import { applyFile } from "./apply-file.ts";
import { type Folders, OWN_FOLDERS, readSqlFiles, type SqlFile } from "./migration-files.ts";
import { createLedger, isEmpty, type Plan, plan, readLedger, writeLedger } from "./migration-ledger.ts";
import { createPool, type Pool } from "./pool.ts";
import { dropRepeatable } from "./repeatable.ts";
import { migrateWorker, readWorkerVersion } from "./worker-schema.ts";

type Log = { info: (fields: object, message: string) => void; warn: (fields: object, message: string) => void };

type Options = { url: string; log?: Log | undefined; dryRun?: boolean | undefined; folders?: Folders | undefined };

/** Names of what was applied, or with `dryRun` would be; `ahead`: newer migrations in the database, which were left alone. */
export type MigrateResult = { migrations: string[]; sql: string[]; worker: boolean; ahead: string[] };

// Any number that nothing else in this database uses as an advisory lock.
const LOCK = 5_911_346_027;
// A migration that waits for a busy table makes everybody behind it wait too.
const LOCK_TIMEOUT = "10s";

const applyPlan = async (client: pg.ClientBase, o: { plan: Plan; sql: SqlFile[]; workerVersion: string }) => {
  const { migrations, sql } = o.plan;
  await client.query("begin");
  try {
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query("set local search_path = ''");
    // Before the migrations too: they may then change columns that functions with checked bodies use.
    if (sql.length > 0) await dropRepeatable(client);
    for (const file of migrations) await applyFile(client, file);
    await createLedger(client);
    if (sql.length > 0 && migrations.length > 0) await dropRepeatable(client);
    for (const file of sql) await applyFile(client, file);
    await writeLedger(client, o);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
};

const migrateLocked = async (
  pool: Pool,
  replan: () => Promise<Plan>,
  rest: { sql: SqlFile[]; workerVersion: string },
) => {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    const current = await replan();
    if (isEmpty(current)) return current;
    if (current.worker) await migrateWorker(pool);
    await applyPlan(client, { ...rest, plan: current });
    return current;
  } finally {
    client.release(true); // ends the session, and with it the lock
  }
};

/**
 * Migrate the database at `url`. Rejects with database_ahead (exit code 57), migration_edited, or migration_failed,
 * which names file and line; then nothing of ours was changed.
 */
export const migrate = async ({ url, log, dryRun, folders = OWN_FOLDERS }: Options): Promise<MigrateResult> => {
  const files = await readSqlFiles(folders);
  const workerVersion = readWorkerVersion();
  const pool = createPool({ url, max: 3, applicationName: `syncline migrate ${process.pid}`, statementTimeoutMs: 0 });
  const makePlan = async () => plan({ ...files, ledger: await readLedger(pool), workerVersion });
  try {
    const wanted = await makePlan();
    const done =
      dryRun === true || isEmpty(wanted)
        ? wanted
        : await migrateLocked(pool, makePlan, { sql: files.sql, workerVersion });
    const result = { ...done, migrations: done.migrations.map((f) => f.name), sql: done.sql.map((f) => f.name) };
    if (result.ahead.length > 0) log?.warn({ event: "database.ahead", ahead: result.ahead }, "the database is newer");
    if (!isEmpty(done) && dryRun !== true)
      log?.info({ event: "database.migrated", ...result }, "the database was migrated");
    return result;
  } finally {
    await pool.end();
  }
};
