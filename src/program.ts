// The command line: one line here per command, one file per command in src/commands.
import { Command } from "commander";
import { loadEnvironmentFile } from "./config.ts";
import { AppError, hasCode, withoutUrlCredentials } from "./errors.ts";

// By the name that is typed: a command loads what it needs and nothing of the others, which saves half of a short one's time.
const COMMANDS: { [name: string]: () => Promise<(program: Command) => void> } = {
  init: async () => (await import("./commands/init.ts")).addInitCommand,
  create: async () => (await import("./commands/create.ts")).addCreateCommand,
  compile: async () => (await import("./commands/compile.ts")).addCompileCommand,
  dev: async () => (await import("./commands/dev.ts")).addDevCommand,
  start: async () => (await import("./commands/start.ts")).addStartCommand,
  deploy: async () => (await import("./commands/deploy.ts")).addDeployCommand,
  test: async () => (await import("./commands/test.ts")).addTestCommand,
  "generate:tests": async () => (await import("./commands/generate-tests.ts")).addGenerateTestsCommand,
  dryrun: async () => (await import("./commands/dryrun.ts")).addDryRunCommand,
  webhooks: async () => (await import("./commands/webhooks.ts")).addWebhooksCommand,
  connections: async () => (await import("./commands/connections.ts")).addConnectionsCommand,
  audit: async () => (await import("./commands/audit.ts")).addAuditCommand,
  logs: async () => (await import("./commands/logs.ts")).addLogsCommand,
  undo: async () => (await import("./commands/undo.ts")).addUndoCommand,
  sql: async () => (await import("./commands/sql.ts")).addSqlCommand,
  migrate: async () => (await import("./commands/migrate.ts")).addMigrateCommand,
  keys: async () => (await import("./commands/keys.ts")).addKeysCommand,
  demo: async () => (await import("./commands/demo.ts")).addDemoCommand,
  provider: async () => (await import("./commands/provider.ts")).addProviderCommand,
  providers: async () => (await import("./commands/providers.ts")).addProvidersCommand,
  doctor: async () => (await import("./commands/doctor.ts")).addDoctorCommand,
};

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

const program = new Command("syncline")
  .description("Product integrations and data syncs that live in one Postgres")
  .enablePositionalOptions(); // an option after a command is that command's, not one of those above it
const typed = process.argv[2] ?? "";
const wanted = Object.hasOwn(COMMANDS, typed) ? [COMMANDS[typed]!] : Object.values(COMMANDS);
for (const load of wanted) (await load())(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${describe(error)}\n`);
  process.exitCode ??= exitCodeOf(error);
}
