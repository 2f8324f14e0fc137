// `syncline deploy [dir]`: compile a folder of functions and load them into the environment of the API key.
import path from "node:path";
import { type Command, Option } from "commander";
import { readConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Problem } from "../functions/compile.ts";
import type { CompiledFunction } from "../functions/definition.ts";
import { type Api, createApi } from "./api.ts";

export type Mode = "all" | "integration" | "single";
export type Change = {
  integration: string;
  kind: string;
  name: string;
  change: "added" | "updated" | "removed" | "unchanged";
};

type Options = { integration?: string[]; mode?: Mode; dryRun?: true; allowDestructive?: true; json?: true };

const SIGNS = { added: "+", updated: "~", removed: "-", unchanged: "=" } as const;
const COUNTED = ["added", "updated", "removed", "unchanged"] as const;

const placeOf = (dir: string, { file, line, column }: Problem): string =>
  [path.join(path.relative(process.cwd(), dir), file), line, column].filter((part) => part !== undefined).join(":");

/** The functions of a folder. Throws `function_compile_failed` that names each problem as file:line:column. */
export const compileOrExplain = async (dir: string, integrations?: string[]): Promise<CompiledFunction[]> => {
  const { compileFolder } = await import("../functions/compile.ts"); // here: esbuild would slow all other commands down
  const { functions, problems } = await compileFolder(dir, { integrations }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw cause;
    throw new AppError("function_compile_failed", `There is no folder ${dir}.`, { cause });
  });
  if (problems.length === 0) return functions;
  const lines = problems.map((problem) => `  ${placeOf(dir, problem)}: ${problem.message}`);
  throw new AppError("function_compile_failed", `Nothing was deployed:\n${lines.join("\n")}`);
};

/** Send compiled functions, or with `isDryRun` ask what that would change. */
export const sendFunctions = async (
  api: Api,
  o: { functions: CompiledFunction[]; mode: Mode; isDryRun: boolean },
): Promise<Change[]> => {
  const body = { functions: o.functions, mode: o.mode, dry_run: o.isDryRun };
  return (await api.post<{ functions: Change[] }>("/deploy", body)).functions;
};

const describe = (changes: Change[]): string => {
  const width = Math.max(0, ...changes.map(({ integration, name }) => integration.length + name.length + 1));
  return changes
    .map((one) => `${SIGNS[one.change]} ${`${one.integration}/${one.name}`.padEnd(width)}  ${one.kind}  ${one.change}`)
    .join("\n");
};

/** How many of each change, such as "2 added, 1 unchanged". */
export const countChanges = (changes: Change[]): string => {
  const counts = COUNTED.map((change) => [changes.filter((one) => one.change === change).length, change] as const);
  const parts = counts.filter(([count]) => count > 0).map(([count, change]) => `${count} ${change}`);
  return parts.join(", ") || "no functions";
};

// Ends a sync for every connection, and its checkpoint is forgotten: nobody should do that by deploying the wrong folder.
const refuseRemovals = (changes: Change[]): void => {
  const removed = changes.filter(({ change }) => change === "removed");
  if (removed.length === 0) return;
  const text = `This would remove functions and end their syncs:\n${describe(removed)}`;
  throw new AppError("invalid_body", `${text}\nIf that is wanted: --allow-destructive. To leave them: --mode single.`);
};

const run = async (
  dir: string,
  { integration, dryRun, allowDestructive, json, ...options }: Options,
): Promise<void> => {
  const mode = options.mode ?? (integration === undefined ? "all" : "integration");
  const { serverUrl: url, serverKey: key } = readConfig();
  const api = createApi({ url, key });
  const functions = await compileOrExplain(dir, integration);
  const plan = await sendFunctions(api, { functions, mode, isDryRun: true });
  if (!dryRun && !allowDestructive) refuseRemovals(plan);
  const changes = dryRun ? plan : await sendFunctions(api, { functions, mode, isDryRun: false });
  if (json) {
    console.log(JSON.stringify({ dry_run: dryRun === true, functions: changes }));
    return;
  }
  if (changes.length > 0) console.log(describe(changes));
  console.log(`${dryRun ? "Would deploy" : "Deployed"} to ${url}: ${countChanges(changes)}`);
};

export const addDeployCommand = (program: Command): void => {
  program
    .command("deploy")
    .description("compile a folder of functions and load them into the environment of SYNCLINE_API_KEY")
    .argument("[dir]", "the folder that holds <integration>/syncs/<name>.ts", ".")
    .option("--integration <name...>", "only the functions of these integrations")
    .addOption(
      new Option(
        "--mode <mode>",
        "functions not in the folder are removed: everywhere, in its integrations only, or not",
      ).choices(["all", "integration", "single"]),
    )
    .option("--dry-run", "only say what would change")
    .option("--allow-destructive", "go ahead although functions are removed and their syncs end")
    .option("--json", "print JSON")
    .action(run);
};
