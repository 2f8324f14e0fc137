// Imported by a test file's process, by `node test/run.ts --times`: prints at its end what it took of the processor in seconds,
// with the processes that it started and that have ended. What the database server took that all share is a line of its own.
import { readFileSync, writeSync } from "node:fs";

const TICKS_PER_SECOND = 100;

// Linux has it in /proc alone: fields 14 and 15 of a process are its own ticks, 16 and 17 those of its children that ended.
const secondsOf = (pid: number | "self", fields: "all" | "children"): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const ticks = stat
    .slice(stat.lastIndexOf(")"))
    .split(" ")
    .slice(fields === "all" ? 12 : 14, 16);
  return ticks.reduce((sum, one) => sum + Number(one), 0) / TICKS_PER_SECOND;
};

const line = (cpu: number, ms: number, name: string): string =>
  `${cpu.toFixed(1).padStart(6)} s of ${(ms / 1000).toFixed(1).padStart(6)} s  ${name}\n`;

/** Print the time of this process under this name when it ends. */
export const printTimes = (name: string): void => {
  const startedAt = performance.now();
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    const children = process.platform === "linux" ? secondsOf("self", "children") : 0;
    writeSync(2, line((user + system) / 1e6 + children, performance.now() - startedAt, name));
  });
};

/** Print what a server and its connections that have ended took until now, where the run is timed. */
export const printServerTimes = (pid: number): void => {
  if (process.env.SYNCLINE_TEST_TIMES === undefined || process.platform !== "linux") return;
  writeSync(2, `\n${line(secondsOf(pid, "all"), performance.now(), "Postgres")}`);
};
