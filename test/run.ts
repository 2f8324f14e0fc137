// Runs the tests: `node test/run.ts short | long | guard | <files>`. Prints what fails, and one line of summary.
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import path from "node:path";
import { temporaryFolders } from "./helpers/temporary.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
const CONCURRENCY = 2;
// Where the processes of all tests, and those they start, find what was compiled before: saves a third of the time of most.
const COMPILED = path.join(ROOT, "node_modules/.cache/syncline");
const TIMEOUT_MS = 300_000; // for one test: none of the short ones comes near, and a hanging one must not hang the gate

const all = globSync("test/**/*.test.ts", { cwd: ROOT })
  .filter((file) => !file.startsWith("test/bench/"))
  .sort();
const isLong = (file: string): boolean => file.endsWith(".long.test.ts");
const isGuard = (file: string): boolean => file.startsWith("test/guard/");

const MODES: Record<string, () => string[]> = {
  short: () => all.filter((file) => !isLong(file)),
  long: () => all.filter(isLong),
  guard: () => all.filter(isGuard),
};

const args = process.argv.slice(2);
const files = MODES[args[0] ?? "short"]?.() ?? args.map((file) => path.relative(ROOT, path.resolve(file)));

if (files.length === 0) {
  console.log(`there are no tests for "${args[0]}"`);
  process.exit(0);
}

const child = spawn(
  process.execPath,
  [
    "--test",
    `--test-concurrency=${CONCURRENCY}`,
    ...(args[0] === "long" ? [] : [`--test-timeout=${TIMEOUT_MS}`]),
    `--test-global-setup=${path.join(ROOT, "test/helpers/global-setup.ts")}`,
    `--test-reporter=${path.join(ROOT, "test/helpers/reporter.ts")}`,
    "--test-reporter-destination=stdout",
    ...files,
  ],
  {
    cwd: ROOT,
    stdio: "inherit",
    env: { NODE_COMPILE_CACHE: COMPILED, GRAPHILE_ENV: "production", ...process.env, ...temporaryFolders() },
  },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
