// `syncline compile [dir]`: is everything right with these functions, without sending them anywhere?
import path from "node:path";
import type { Command } from "commander";
import { AppError } from "../errors.ts";
import type { Compiled, Problem } from "../functions/compile.ts";
import { explainMissing, formatProblem } from "./compile-or-explain.ts";
import { checkTypes } from "./project/types.ts";
import { counted } from "./words.ts";

type Options = { integration?: string[]; types: boolean; json?: true };

const show = (dir: string, functions: Compiled["functions"], problems: Problem[]): void => {
  for (const problem of problems) console.error(formatProblem(dir, problem));
  const integrations = new Set(functions.map(({ integration }) => integration));
  console.log(`${counted(functions.length, "function")} of ${counted(integrations.size, "integration")} compiled`);
};

const run = async (name: string, { integration, types, json }: Options): Promise<void> => {
  const dir = path.resolve(name);
  const { compileFolder } = await import("../functions/compile.ts"); // here: esbuild would slow all other commands down
  const compiling = compileFolder(dir, { integrations: integration });
  const [{ functions, problems: found }, typeErrors] = await Promise.all([
    compiling,
    types ? checkTypes(dir) : [],
  ]).catch((error) => {
    throw explainMissing(dir, error);
  });
  const problems = [...found, ...(typeErrors ?? [])];
  const errors = problems.filter(({ level }) => level === "error").length;
  if (json) {
    const shown = functions.map(({ integration, kind, name, hash }) => ({ integration, kind, name, hash }));
    console.log(JSON.stringify({ functions: shown, problems }));
  } else show(dir, functions, problems);
  if (typeErrors === null) console.error("There is no tsconfig.json here: types were not checked.");
  if (errors > 0) throw new AppError("function_compile_failed", counted(errors, "error"));
};

export const addCompileCommand = (program: Command): void => {
  program
    .command("compile")
    .description("compile a folder of functions and check their types; exit code 10 when something is wrong")
    .argument("[dir]", "the folder that holds <integration>/syncs/<name>.ts", ".")
    .option("-i, --integration <name...>", "only the functions of these integrations")
    .option("--no-types", "do not check types")
    .option("--json", "print JSON")
    .action(run);
};
