// Type errors of a folder of functions, as TypeScript's own compiler finds them: the project's where it has one, else ours.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { text } from "node:stream/consumers";
import { AppError } from "../../errors.ts";
import type { Problem } from "../../functions/compile.ts";

const FIRST_LINE = /^(?<file>[^\s(][^(]*)\((?<line>\d+),(?<column>\d+)\): error (?<message>TS\d+: .*)$/;

const findCompiler = (dir: string): string => {
  for (const from of [path.join(dir, "package.json"), import.meta.filename]) {
    try {
      return path.join(path.dirname(createRequire(from).resolve("typescript/package.json")), "bin/tsc");
    } catch {
      // The next place, then.
    }
  }
  throw new AppError("invalid_settings", "There is no TypeScript: npm install typescript");
};

/** The problems in what `tsc --pretty false` printed. Lines that go on with an explanation belong to the problem before. */
export const readTypeErrors = (output: string): Problem[] => {
  const problems: Problem[] = [];
  for (const line of output.split(/\r?\n/)) {
    const { file, line: row, column, message } = FIRST_LINE.exec(line)?.groups ?? {};
    const last = problems.at(-1);
    if (file !== undefined) {
      problems.push({ level: "error", file, line: Number(row), column: Number(column), message: message as string });
    } else if (/^\s+\S/.test(line) && last !== undefined) last.message += `\n${line}`;
    else if (/^error TS\d+: /.test(line)) problems.push({ level: "error", file: "tsconfig.json", message: line });
  }
  return problems;
};

/** What the folder's tsconfig.json finds wrong; null when it has none. A second check costs a fraction of the first. */
export const checkTypes = async (dir: string, signal?: AbortSignal): Promise<Problem[] | null> => {
  if (!existsSync(path.join(dir, "tsconfig.json"))) return null;
  const remembered = path.join(dir, ".syncline", "types.tsbuildinfo");
  const args = ["--project", ".", "--noEmit", "--pretty", "false", "--incremental", "--tsBuildInfoFile", remembered];
  const tsc = spawn(process.execPath, [findCompiler(dir), ...args], { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
  const stop = (): void => void tsc.kill();
  signal?.addEventListener("abort", stop, { once: true });
  const output = await text(tsc.stdout).finally(() => signal?.removeEventListener("abort", stop));
  return readTypeErrors(output);
};
