// `syncline generate:tests [dir]`: a vitest file for each function that has a fixture, for those who want to add cases of their own.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { AppError } from "../errors.ts";
import type { CompiledFunction } from "../functions/definition.ts";
import { readFixture } from "../functions/fixtures/fixture.ts";
import { compileOrExplain } from "./compile-or-explain.ts";
import { CONFIG_FILES, testText } from "./generate-tests/texts.ts";

type Options = { integration?: string[]; sync?: string; action?: string; force?: true; json?: true };

const isWanted = ({ kind, name }: CompiledFunction, { sync, action }: Options): boolean => {
  if (kind === "on-event") return false;
  if (sync === undefined && action === undefined) return true;
  return (kind === "sync" && name === sync) || (kind === "action" && name === action);
};

const writeNew = async (dir: string, file: string, text: string, force: boolean): Promise<boolean> => {
  const target = path.join(dir, file);
  if (existsSync(target) && (!force || (await readFile(target, "utf8")) === text)) return false;
  await writeFile(target, text);
  return true;
};

const testOf = async (dir: string, { kind, integration, name, definition }: CompiledFunction) => {
  const fixture = path.join(dir, integration, "tests", `${name}.test.json`);
  if (kind === "on-event" || !existsSync(fixture)) return undefined;
  const { clock } = await readFixture(fixture);
  const file = `${integration}/tests/${integration}-${name}.test.ts`;
  const at = clock === undefined ? undefined : new Date(clock).toISOString();
  return { file, text: testText({ kind, integration, name, models: Object.keys(definition.models), clock: at }) };
};

const run = async (name: string, options: Options): Promise<void> => {
  const dir = path.resolve(name);
  const functions = await compileOrExplain(dir, { integrations: options.integration });
  const wanted = functions.filter((one) => isWanted(one, options));
  if (wanted.length === 0) throw new AppError("not_found", "There is no such function here.");
  const found = await Promise.all(wanted.map((one) => testOf(dir, one)));
  const tests = found.filter((one) => one !== undefined);
  const written: string[] = [];
  const kept: string[] = [];
  const write = async (file: string, text: string, force: boolean): Promise<void> =>
    void ((await writeNew(dir, file, text, force)) ? written : kept).push(file);
  for (const [file, text] of Object.entries(CONFIG_FILES)) await write(file, text, false);
  for (const { file, text } of tests) await write(file, text, options.force === true);
  const without = wanted.filter((_, at) => found[at] === undefined).map((one) => `${one.integration}/${one.name}`);
  if (options.json) {
    console.log(JSON.stringify({ written, kept, without_fixture: without }));
    return;
  }
  for (const file of written) console.log(`+ ${file}`);
  for (const file of kept) console.log(`= ${file}, kept as it was`);
  for (const one of without)
    console.log(`  ${one} has no fixture: syncline dryrun ${one.split("/")[1]} <connection> --save`);
  console.log("\nRun them: npm install --save-dev vitest && npx vitest run");
};

export const addGenerateTestsCommand = (program: Command): void => {
  program
    .command("generate:tests")
    .description("write a vitest file for each function that has a fixture, to add cases of your own to")
    .argument("[dir]", "the folder that holds <integration>/syncs/<name>.ts", ".")
    .option("-i, --integration <name...>", "only the functions of these integrations")
    .option("-s, --sync <name>", "only this sync")
    .option("-a, --action <name>", "only this action")
    .option("--force", "write tests anew that are there")
    .option("--json", "print JSON")
    .action(run);
};
