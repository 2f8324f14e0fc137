// Runs the tests: `node test/run.ts short | long | guard | <files>`. Prints what fails, and one line of summary; with `--times`
// before that also what each file takes of the processor, in a process of its own, and what Postgres took.
import { spawn } from "node:child_process";
import { globSync, rmSync } from "node:fs";
import path from "node:path";
import { batchesOf, writeBatches } from "./helpers/batches.ts";
import { temporaryFolders } from "./helpers/temporary.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
const CONCURRENCY = 3;
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

const areTimed = process.argv.includes("--times");
const args = process.argv.slice(2).filter((arg) => arg !== "--times");
const files = MODES[args[0] ?? "short"]?.() ?? args.map((file) => path.relative(ROOT, path.resolve(file)));

if (files.length === 0) {
  console.log(`there are no tests for "${args[0]}"`);
  process.exit(0);
}

const temporary = temporaryFolders();
// Long tests measure memory and time.
const batches = areTimed || args[0] === "long" ? files.map((file) => [file]) : batchesOf(files);
const written = writeBatches(batches, { root: ROOT, temporary: temporary.TMPDIR, areTimed });

const child = spawn(
  process.execPath,
  [
    "--test",
    `--test-concurrency=${CONCURRENCY}`,
    ...(args[0] === "long" ? [] : [`--test-timeout=${TIMEOUT_MS}`]),
    `--test-global-setup=${path.join(ROOT, "test/helpers/global-setup.ts")}`,
    `--test-reporter=${path.join(ROOT, "test/helpers/reporter.ts")}`,
    "--test-reporter-destination=stdout",
    ...written.files,
  ],
  {
    cwd: ROOT,
    stdio: "inherit",
    env: {
      NODE_COMPILE_CACHE: COMPILED,
      GRAPHILE_ENV: "production",
      ...process.env,
      ...temporary,
      ...(areTimed && { SYNCLINE_TEST_TIMES: "1" }),
    },
  },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  rmSync(written.folder, { recursive: true });
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
