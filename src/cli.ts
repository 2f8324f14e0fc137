// The command line: one line here per command, one file per command in src/commands.
import { Command } from "commander";
import { addDemoCommand } from "./commands/demo.ts";
import { addDeployCommand } from "./commands/deploy.ts";
import { addLogsCommand } from "./commands/logs.ts";
import { addMigrateCommand } from "./commands/migrate.ts";
import { addProviderCommand } from "./commands/provider.ts";
import { addSqlCommand } from "./commands/sql.ts";
import { addStartCommand } from "./commands/start.ts";
import { AppError, hasCode } from "./errors.ts";
import { withoutUrlCredentials } from "./log.ts";

const COMMANDS = [
  addStartCommand,
  addDeployCommand,
  addLogsCommand,
  addSqlCommand,
  addMigrateCommand,
  addDemoCommand,
  addProviderCommand,
];

// Deploy scripts tell "update the code" from "something broke"; graphile-worker uses the same number for the same thing.
const DATABASE_AHEAD_EXIT_CODE = 57;

// An error of ours, or of the database, is about the input: its message says all. Any other is a fault of the program.
const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const isExpected = error instanceof AppError || "severity" in error || "syscall" in error;
  const text = isExpected ? error.message || error.name : (error.stack ?? error.message);
  return withoutUrlCredentials(text);
};

const program = new Command("syncline").description("Product integrations and data syncs that live in one Postgres");
for (const add of COMMANDS) add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${describe(error)}\n`);
  process.exitCode = hasCode(error, "database_ahead") ? DATABASE_AHEAD_EXIT_CODE : 1;
}
