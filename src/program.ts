// The command line: one line here per command, one file per command in src/commands.
import { Command } from "commander";
import { addCompileCommand } from "./commands/compile.ts";
import { addCreateCommand } from "./commands/create.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addDeployCommand } from "./commands/deploy.ts";
import { addDevCommand } from "./commands/dev.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addDryRunCommand } from "./commands/dryrun.ts";
import { addGenerateTestsCommand } from "./commands/generate-tests.ts";
import { addInitCommand } from "./commands/init.ts";
import { addLogsCommand } from "./commands/logs.ts";
import { addMigrateCommand } from "./commands/migrate.ts";
import { addProviderCommand } from "./commands/provider.ts";
import { addSqlCommand } from "./commands/sql.ts";
import { addStartCommand } from "./commands/start.ts";
import { addTestCommand } from "./commands/test.ts";
import { loadEnvironmentFile } from "./config.ts";
import { AppError, hasCode } from "./errors.ts";
import { withoutUrlCredentials } from "./log.ts";

const COMMANDS = [
  addInitCommand,
  addCreateCommand,
  addCompileCommand,
  addDevCommand,
  addStartCommand,
  addDeployCommand,
  addTestCommand,
  addGenerateTestsCommand,
  addDryRunCommand,
  addLogsCommand,
  addSqlCommand,
  addMigrateCommand,
  addDemoCommand,
  addProviderCommand,
  addDoctorCommand,
];

// Deploy scripts tell "update the code" from "something broke"; graphile-worker uses the same number for the same thing.
const DATABASE_AHEAD_EXIT_CODE = 57;
const COMPILE_FAILED_EXIT_CODE = 10;

const exitCodeOf = (error: unknown): number => {
  if (hasCode(error, "function_compile_failed")) return COMPILE_FAILED_EXIT_CODE;
  return hasCode(error, "database_ahead") ? DATABASE_AHEAD_EXIT_CODE : 1;
};

// An error of ours, or of the database, is about the input: its message says all. Any other is a fault of the program.
const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const isExpected = error instanceof AppError || "severity" in error || "syscall" in error;
  const text = isExpected ? error.message || error.name : (error.stack ?? error.message);
  return withoutUrlCredentials(text);
};

loadEnvironmentFile();

const program = new Command("syncline").description("Product integrations and data syncs that live in one Postgres");
for (const add of COMMANDS) add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${describe(error)}\n`);
  process.exitCode ??= exitCodeOf(error);
}
