// `syncline migrate`: bring the database to this version's schema, or say what that would do.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { dumpSchema } from "../db/dump.ts";
import { startTemporaryPostgres } from "../db/embedded/temporary.ts";
import { type MigrateResult, migrate } from "../db/migrate.ts";
import { OWN_FOLDERS } from "../db/migration-files.ts";
import { connect } from "../db/pool.ts";
import { withDatabase } from "./database.ts";

type Options = { dryRun?: true; writeSchema?: true; json?: true };

const SCHEMA_FILE = path.join(OWN_FOLDERS.migrations, "schema.txt");

const describe = (result: MigrateResult, isDryRun: boolean): string => {
  const verb = isDryRun ? "would apply" : "applied";
  const lines = result.migrations.map((name) => `${verb} migrations/${name}`);
  if (result.sql.length > 0) lines.push(`${verb} ${result.sql.length} files of sql/`);
  if (result.worker) lines.push(`${verb} the schema of graphile-worker`);
  if (result.ahead.length > 0) lines.push(`the database is newer than this version: ${result.ahead.join(", ")}`);
  return lines.length === 0 ? "nothing to do" : lines.join("\n");
};

// From a database of its own, so that the file is the same whatever has happened to the one at hand.
const writeSchema = async (): Promise<void> => {
  const server = await startTemporaryPostgres();
  try {
    await migrate({ url: server.url });
    const client = await connect({ url: server.url, applicationName: "syncline schema" });
    await writeFile(SCHEMA_FILE, await dumpSchema(client).finally(() => client.end()));
  } finally {
    await server.stop();
  }
};

const run = async (options: Options): Promise<void> => {
  if (options.writeSchema) {
    await writeSchema();
    console.log(`wrote ${path.relative(process.cwd(), SCHEMA_FILE)}`);
    return;
  }
  const isDryRun = options.dryRun === true;
  const result = await withDatabase(readConfig(), (url) => migrate({ url, dryRun: isDryRun }));
  console.log(options.json ? JSON.stringify(result) : describe(result, isDryRun));
};

export const addMigrateCommand = (program: Command): void => {
  program
    .command("migrate")
    .description("bring the database to this version's schema; exit code 57 when the database is too new")
    .option("--dry-run", "only say what would be applied")
    .option("--write-schema", "write migrations/schema.txt from a new database, and touch no other")
    .option("--json", "print JSON")
    .action(run);
};
