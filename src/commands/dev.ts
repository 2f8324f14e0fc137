// `syncline dev [dir]`: with each save compile, check types, and deploy to the local server what is right.
import { watch } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { AppError, hasCode } from "../errors.ts";
import type { Compiler, Problem } from "../functions/compile.ts";
import { type Api, createApi } from "./api.ts";
import { explainMissing, formatProblem } from "./compile-or-explain.ts";
import { describeChanges } from "./deploy/describe.ts";
import { sendFunctions } from "./deploy/send.ts";
import { makeIntegrations } from "./dev/integrations.ts";
import { createLoop } from "./dev/loop.ts";
import { checkTypes } from "./project/types.ts";
import { untilSignal } from "./start.ts";
import { counted } from "./words.ts";

const SERVER_AGAIN_MS = 1_000;
const WATCHED = /\.(ts|json)$/;
const NOT_WATCHED = /(^|\/)(node_modules|\.syncline|dist|\.git)(\/|$)/;

type Deps = { dir: string; api: Api; compiler: Compiler };

const say = (text: string): void => console.log(`${new Date().toTimeString().slice(0, 8)} ${text}`);

const showProblems = (dir: string, problems: Problem[]): void => {
  for (const problem of problems) console.log(formatProblem(dir, problem));
};

// Functions that do not compile and files with type errors stay as they were deployed before; what is right goes out.
const round = async ({ dir, api, compiler }: Deps, signal: AbortSignal): Promise<"done" | "again"> => {
  const startedAt = performance.now();
  const [{ functions, problems }, types] = await Promise.all([compiler.compile(), checkTypes(dir, signal)]);
  if (signal.aborted) return "done"; // something was saved meanwhile
  const all = [...problems, ...(types ?? [])];
  showProblems(dir, all);
  const errors = all.filter(({ level }) => level === "error").length;
  if (errors > 0) {
    say(`${counted(errors, "error")}: nothing was deployed`);
    return "done";
  }
  try {
    for (const name of await makeIntegrations(api, functions)) say(`+ integration ${name}`);
    const changes = await sendFunctions(api, { functions, mode: "integration" });
    const changed = changes.filter(({ change }) => change !== "unchanged");
    if (changed.length > 0) console.log(describeChanges(changed));
    const count = functions.length === 1 ? "1 function is" : `${functions.length} functions are`;
    say(`${count} on ${api.url} (${Math.round(performance.now() - startedAt)} ms)`);
    return "done";
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    say(error.message);
    return hasCode(error, "server_unreachable") ? "again" : "done";
  }
};

const watchFiles = async (dir: string, signal: AbortSignal, onChange: () => void): Promise<void> => {
  try {
    for await (const { filename } of watch(dir, { recursive: true, signal })) {
      const file = (filename ?? "").split(path.sep).join("/");
      if (WATCHED.test(file) && !NOT_WATCHED.test(file)) onChange();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};

const run = async (name: string): Promise<void> => {
  const dir = path.resolve(name);
  const { serverUrl: url, serverKey: key } = readConfig();
  const { createCompiler } = await import("../functions/compile.ts"); // here: esbuild would slow all other commands down
  const compiler = createCompiler({ dir });
  const ending = new AbortController();
  const api = createApi({ url, key });
  const loop = createLoop({ round: (signal) => round({ dir, api, compiler }, signal), againMs: SERVER_AGAIN_MS });
  const stop = untilSignal().then(() => ending.abort());
  try {
    const watching = watchFiles(dir, ending.signal, loop.changed);
    loop.changed();
    await Promise.race([Promise.all([watching, stop]), loop.failed]);
  } catch (error) {
    throw explainMissing(dir, error as NodeJS.ErrnoException);
  } finally {
    await loop.stop();
    await compiler.close();
  }
};

export const addDevCommand = (program: Command): void => {
  program
    .command("dev")
    .description("with each save compile, check types, and deploy to the local server; until Ctrl-C")
    .argument("[dir]", "the folder that holds <integration>/syncs/<name>.ts", ".")
    .action(run);
};
