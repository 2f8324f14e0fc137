// `syncline test [dir]`: run functions on their recorded fixtures, through the engine and a throw-away Postgres.
import { writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import type { Command } from "commander";
import { readConfig, useUtc } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Result } from "./test/result.ts";

type Options = { filter?: string; validate?: true; json?: string };

const SIGNALLED_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const lineOf = ({ status, integration, name, reason, note, ms }: Result): string => {
  const title = `${status.padEnd(7)} ${integration}/${name}`;
  const why = (reason ?? note)?.split("\n").map((line) => `\n        ${line}`);
  return status === "passed" ? `${title} (${ms} ms)${(why ?? []).join("")}` : `${title}${(why ?? []).join("")}`;
};

/** Writes results as they come: on a terminal one line that counts, and each failure; elsewhere a line for each. */
const createProgress = () => {
  const results: Result[] = [];
  const count = (status: Result["status"]): number => results.filter((one) => one.status === status).length;
  const counts = (): string => `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
  const isTerminal = process.stdout.isTTY === true;
  const show = (text: string): void => void process.stdout.write(`${stripVTControlCharacters(text)}\n`);
  const clear = (): void => void (isTerminal && process.stdout.write("\r\u001B[K"));
  const add = (result: Result): void => {
    results.push(result);
    clear();
    if (!isTerminal || result.status === "failed" || result.note !== undefined) show(lineOf(result));
    if (isTerminal) process.stdout.write(counts());
  };
  const end = (): void => {
    clear();
    show(counts());
  };
  return { results, add, end, hasFailed: () => count("failed") > 0 };
};

const untilSignal = (abort: AbortController): (() => keyof typeof SIGNALLED_EXIT_CODES | undefined) => {
  let got: keyof typeof SIGNALLED_EXIT_CODES | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      got ??= signal;
      abort.abort(new AppError("script_aborted", "the tests were stopped"));
    });
  }
  return () => got;
};

const run = async (dir: string, { filter, validate, json }: Options): Promise<void> => {
  useUtc(); // a recording does not say in which zone it was made: the same everywhere
  const { providerFiles } = readConfig();
  const abort = new AbortController();
  const signalled = untilSignal(abort);
  const [{ startEngine }, { testFolder }] = await Promise.all([import("./test/engine.ts"), import("./test/suite.ts")]);
  const progress = createProgress();
  const engine = startEngine({ providerFiles });
  engine.catch(() => {}); // told where it is awaited, which may be later
  try {
    await testFolder(dir, {
      filter,
      validation: validate === true ? "enforce" : "off",
      engine,
      onResult: progress.add,
      warn: (text) => void process.stderr.write(`warning: ${text}\n`),
      signal: abort.signal,
    });
  } finally {
    await (await engine).stop();
  }
  const got = signalled();
  if (got !== undefined) {
    process.exitCode = SIGNALLED_EXIT_CODES[got];
    return;
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ functions: progress.results }, null, 2)}\n`);
  progress.end();
  if (progress.hasFailed() || progress.results.length === 0) process.exitCode = 1;
};

export const addTestCommand = (program: Command): void => {
  program
    .command("test")
    .description("run functions on their recorded fixtures, through the engine and a throw-away database")
    .argument(
      "[dir]",
      "the folder that holds <integration>/syncs/<name>.ts and <integration>/tests/<name>.test.json",
      ".",
    )
    .option("--filter <text>", "only functions whose <integration>/<name> contains this")
    .option("--validate", "refuse records that do not match their model's schema")
    .option("--json <file>", "write the results to this file")
    .action(run);
};
