// Imported by a test file's process, by `node test/run.ts --times`: prints at its end what it took of the processor in seconds,
// with the processes that it started and that have ended, but without the database server that all share.
import { readFileSync, writeSync } from "node:fs";

const TICKS_PER_SECOND = 100;

// Linux has it in /proc alone: fields 16 and 17 of a process are what its children took.
const childrenSeconds = (): number => {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const [user, system] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(14, 16);
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
};

/** Print the time of this process under this name when it ends. */
export const printTimes = (name: string): void => {
  const startedAt = performance.now();
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    const [own, children] = [(user + system) / 1e6, process.platform === "linux" ? childrenSeconds() : 0];
    const [all, wall] = [own + children, (performance.now() - startedAt) / 1000];
    writeSync(2, `${all.toFixed(1).padStart(6)} s of ${wall.toFixed(1).padStart(6)} s  ${name}\n`);
  });
};
