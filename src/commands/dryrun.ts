// `syncline dryrun <name> <connection>`: run a function of this folder for a real connection; nothing is stored.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { readConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import type { CompiledFunction } from "../functions/definition.ts";
import { createRecorder } from "../functions/fixtures/recorder.ts";
import type { DryEvent } from "../functions/host/dry-host.ts";
import type { RunError } from "../functions/protocol.ts";
import { createApi } from "./api.ts";
import { compileOrExplain } from "./compile-or-explain.ts";
import { createSummary, showEvent } from "./dryrun/show.ts";
import { failingWith } from "./exit-code.ts";

const DRY_RUN_FAILED = 12;

type Options = {
  dir: string;
  integrationId?: string;
  environment?: string;
  variant?: string;
  input?: string;
  webhook?: string;
  metadata?: string;
  checkpoint?: string;
  lastSyncDate?: string;
  validate?: true;
  save?: true;
  diagnostics?: true;
  json?: true;
};

type End = { type: "end" } & ({ ok: true; value?: unknown } | { ok: false; error: RunError });

/** Inline JSON, or `@` and the name of a file that holds it. */
const readArgument = async (name: string, given: string | undefined): Promise<unknown> => {
  if (given === undefined) return undefined;
  try {
    return JSON.parse(given.startsWith("@") ? await readFile(given.slice(1), "utf8") : given) as unknown;
  } catch (cause) {
    throw new AppError("invalid_body", `--${name} takes JSON, or @ and the name of a file that holds it.`, { cause });
  }
};

const toDate = (text: string): string => {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError("Write a date, such as 2026-01-31.");
  return date.toISOString();
};

const findFunction = async (name: string, { dir, integrationId }: Options): Promise<CompiledFunction> => {
  const { findEntryPoints } = await import("../functions/compile-entries.ts");
  const { entries } = await findEntryPoints(path.resolve(dir));
  const named = entries.filter((one) => one.name === name && (integrationId ?? one.integration) === one.integration);
  const integrations = [...new Set(named.map(({ integration }) => integration))];
  if (integrations.length > 1) {
    throw new AppError("invalid_body", `${integrations.join(" and ")} have a "${name}": say --integration-id.`);
  }
  const functions = integrations.map((integration) => ({ integration, name }));
  const [found] = functions.length === 0 ? [] : await compileOrExplain(dir, { functions });
  if (found === undefined) throw new AppError("not_found", `There is no function "${name}" in ${path.resolve(dir)}.`);
  return found;
};

const saveFixture = async (dir: string, { integration, name }: CompiledFunction, fixture: object): Promise<string> => {
  const file = path.join(dir, integration, "tests", `${name}.test.json`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(fixture, null, 2)}\n`);
  return file;
};

const bodyOf = async (compiled: CompiledFunction, connection: string, options: Options) => ({
  function: compiled,
  connection_id: connection,
  variant: options.variant,
  input: await readArgument("input", options.input),
  webhook: await readArgument("webhook", options.webhook),
  metadata: await readArgument("metadata", options.metadata),
  checkpoint: await readArgument("checkpoint", options.checkpoint),
  last_sync_date: options.lastSyncDate,
  validate: options.validate === true || options.save === true,
});

const run = async (name: string, connection: string, options: Options): Promise<void> => {
  const { serverUrl: url, serverKey, keysByEnvironment } = readConfig();
  const api = createApi({ url, key: keysByEnvironment[options.environment ?? ""] ?? serverKey });
  const compiled = await findFunction(name, options);
  const body = await bodyOf(compiled, connection, options);
  const isSync = compiled.kind === "sync";
  const recorder = createRecorder({
    input: body.input,
    checkpoint: body.checkpoint as Record<string, unknown> | undefined,
    models: isSync ? Object.keys(compiled.definition.models) : undefined,
  });
  const summary = createSummary();
  let end: End | undefined;
  for await (const event of api.lines<DryEvent | End>("/dryrun", body)) {
    if (event.type === "end") end = event;
    else {
      recorder.note(event);
      summary.note(event);
      if (!options.json) showEvent(event);
    }
  }
  if (end === undefined) throw new AppError("server_error", "The server ended the answer before the run had ended.");
  summary.show(end, { isJson: options.json === true, hasDiagnostics: options.diagnostics === true, isSync });
  if (!end.ok) throw new AppError("script_internal_error", `The dry run failed: ${end.error.message}`);
  if (options.save !== true) return;
  const file = await saveFixture(options.dir, compiled, recorder.fixture(isSync ? undefined : end.value));
  if (!options.json) console.log(`Saved ${file}`);
};

export const addDryRunCommand = (program: Command): void => {
  program
    .command("dryrun")
    .description("run a function of this folder for a connection of the server; nothing is stored")
    .argument("<name>", "the function")
    .argument("<connection>", "the id of the connection")
    .option("--dir <folder>", "the folder of functions", ".")
    .option("--integration-id <integration>", "when several have a function of this name")
    .option("-e, --environment <name>", "dev or prod: the key is that of NANGO_SECRET_KEY_<NAME>")
    .option("--variant <name>", "the variant that the function sees")
    .option("-i, --input <json>", "an action's input, or @file")
    .option("--webhook <json>", "run onWebhook with this payload instead of exec, or @file")
    .option("-m, --metadata <json>", "metadata instead of the connection's, or @file")
    .option("-c, --checkpoint <json>", "the checkpoint to go on from, or @file")
    .option("-l, --lastSyncDate <date>", "the end of the last successful run", toDate)
    .option("--validation, --validate", "end the run at data that does not match its schema")
    .option("--save-responses, --save", "write what happened as a fixture for `syncline test`; validates")
    .option("--diagnostics", "say how long it took and how much it asked for")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExit code 10: the function does not compile; 12: the dry run failed.")
    .action(failingWith(DRY_RUN_FAILED, run));
};
