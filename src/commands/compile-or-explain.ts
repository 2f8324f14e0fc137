// Compiling for a command: what is wrong is an error that names each place as file:line:column.
import path from "node:path";
import { AppError } from "../errors.ts";
import type { CompileOptions, Problem } from "../functions/compile.ts";
import type { CompiledFunction } from "../functions/definition.ts";

const placeOf = (dir: string, { file, line, column }: Problem): string =>
  [path.join(path.relative(process.cwd(), dir), file), line, column].filter((part) => part !== undefined).join(":");

/** One line, such as `crm/syncs/deals.ts:12:3: error: "frequency" is missing.`, with the path from the working folder. */
export const formatProblem = (dir: string, problem: Problem): string =>
  `${placeOf(dir, problem)}: ${problem.level}: ${problem.message}`;

/** The error that a missing folder is; other errors as they are. */
export const explainMissing = (dir: string, cause: NodeJS.ErrnoException): Error =>
  cause.code === "ENOENT" || cause.code === "ENOTDIR"
    ? new AppError("function_compile_failed", `There is no folder ${dir}.`, { cause })
    : cause;

/** The functions of a folder; warnings go to stderr. Throws `function_compile_failed` that lists what is wrong. */
export const compileOrExplain = async (dir: string, options: CompileOptions = {}): Promise<CompiledFunction[]> => {
  const { compileFolder } = await import("../functions/compile.ts"); // here: esbuild would slow all other commands down
  const { functions, problems } = await compileFolder(dir, options).catch((cause) => {
    throw explainMissing(dir, cause);
  });
  const errors = problems.filter(({ level }) => level === "error");
  if (errors.length > 0) {
    const lines = problems.map((problem) => `  ${formatProblem(dir, problem)}`);
    throw new AppError("function_compile_failed", `These functions do not compile:\n${lines.join("\n")}`);
  }
  for (const problem of problems) console.error(formatProblem(dir, problem));
  return functions;
};
