// vitest over a folder, as its user runs it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";

const VITEST = path.join(path.dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

/** Run the tests in `cwd`; `out` is all it printed, without colours. */
export const runVitest = async (cwd: string, ...args: string[]): Promise<{ out: string; code: number | null }> => {
  const all = [VITEST, "run", "--root", cwd, ...args];
  const child = spawn(process.execPath, all, { cwd, env: { ...process.env, CI: "1" } });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { out: stripVTControlCharacters(out + err), code: child.exitCode };
};
