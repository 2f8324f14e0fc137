// `syncline create [integration] [name]`: a new function in its place, ready to be filled in.
import { existsSync } from "node:fs";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { AppError } from "../errors.ts";
import { ask } from "./project/ask.ts";
import { FOLDERS, type Kind, skeletonOf } from "./project/skeletons.ts";

type Options = { sync?: true; action?: true; onEvent?: true; dir: string };

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;

const kindOf = ({ action, onEvent }: Options): Kind => {
  if (action) return "action";
  return onEvent ? "on-event" : "sync";
};

const checkName = (what: string, name: string): void => {
  if (NAME.test(name)) return;
  throw new AppError("invalid_settings", `The ${what} "${name}" may hold only letters, digits, - and _.`);
};

// A folder with an index.ts has the functions that it imports, and no others.
const addToIndex = async (dir: string, file: string): Promise<boolean> => {
  const index = path.join(dir, "index.ts");
  if (!existsSync(index)) return false;
  const isLineOpen = !/(^|\n)$/.test(await readFile(index, "utf8"));
  await appendFile(index, `${isLineOpen ? "\n" : ""}import "./${file.replace(/\.ts$/, ".js")}";\n`);
  return true;
};

const run = async (
  givenIntegration: string | undefined,
  givenName: string | undefined,
  options: Options,
): Promise<void> => {
  const kind = kindOf(options);
  const integration = givenIntegration ?? (await ask("Integration, such as hubspot:", "The argument <integration>"));
  const name = givenName ?? (await ask(`Name of the ${kind}, such as contacts:`, "The argument <name>"));
  checkName("integration", integration);
  checkName("name", name);
  const dir = path.resolve(options.dir);
  const file = `${integration}/${FOLDERS[kind]}/${name}.ts`;
  const target = path.join(dir, file);
  if (existsSync(target)) throw new AppError("invalid_settings", `${target} is there already.`);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, skeletonOf(kind, name));
  console.log(`+ ${file}`);
  if (await addToIndex(dir, file)) console.log("~ index.ts");
};

export const addCreateCommand = (program: Command): void => {
  const [sync, action, onEvent] = [
    new Option("--sync", "a sync: pulls records on a schedule (the default)"),
    new Option("--action", "an action: does one thing when your product asks"),
    new Option("--on-event", "an event function: runs when a connection is made, checked or deleted"),
  ];
  program
    .command("create")
    .description("write a new function, ready to be filled in")
    .argument("[integration]", "the integration's unique key: the name of its folder")
    .argument("[name]", "the function's name: that of its file")
    .addOption(sync!.conflicts(["action", "onEvent"]))
    .addOption(action!.conflicts(["sync", "onEvent"]))
    .addOption(onEvent!.conflicts(["sync", "action"]))
    .option("--dir <dir>", "the folder of functions", ".")
    .action(run);
};
