// Runs the tests: `node test/run.ts short | long | guard | <files>`. Prints what fails, and one line of summary.
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
const CONCURRENCY = 2;

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

const child = spawn(
  process.execPath,
  [
    "--test",
    `--test-concurrency=${CONCURRENCY}`,
    `--test-global-setup=${path.join(ROOT, "test/helpers/global-setup.ts")}`,
    `--test-reporter=${path.join(ROOT, "test/helpers/reporter.ts")}`,
    "--test-reporter-destination=stdout",
    ...files,
  ],
  { cwd: ROOT, stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
