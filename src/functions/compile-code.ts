// From the text of one file to a function that can be deployed, for those who send a text instead of a folder.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { AppError } from "../errors.ts";
import type { Problem } from "./compile.ts";
import { compileApart } from "./compile-apart.ts";
import { type CompiledFunction, withVersion } from "./definition.ts";

/** Longer texts are not taken: functions have 1 to 20 kB. */
export const LONGEST_CODE = 500_000;

const PLACE = "function/actions"; // what a file is, it says itself

export type Code = { integration: string; name: string; code: string; version?: string | undefined };

const NO_FUNCTION =
  "The text has no function: its default export must be createSync({ ... }) or createAction({ ... }).";

const sentenceOf = ({ file, line, column, message }: Problem): string =>
  `${[path.posix.basename(file), line, column].filter((part) => part !== undefined).join(":")}: ${message}`;

/** Throws `compilation_error` that names each place as file:line:column. The text runs nowhere but in an isolate. */
export const compileCode = async ({ integration, name, code, version }: Code): Promise<CompiledFunction> => {
  const dir = await mkdtemp(path.join(os.tmpdir(), "syncline-code-"));
  try {
    await mkdir(path.join(dir, PLACE), { recursive: true });
    await writeFile(path.join(dir, PLACE, `${name}.ts`), code);
    const { functions, problems } = await compileApart(dir);
    const [compiled] = functions;
    const errors = problems.filter(({ level }) => level === "error");
    if (compiled === undefined || errors.length > 0)
      throw new AppError("compilation_error", errors.map(sentenceOf).join("\n") || NO_FUNCTION);
    return withVersion({ ...compiled, integration }, version ?? "");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
