// Processor time of this process and of a Postgres server with all its backends, from /proc (Linux).
import { readdirSync, readFileSync } from "node:fs";

const TICK_MS = 10; // a clock tick of /proc is 1/100 s

type Stat = { pid: number; parent: number; own: number; reaped: number };

const readStat = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = (from: number): number => Number(fields[from]) + Number(fields[from + 1]);
    return { pid, parent: Number(fields[1]), own: ticks(11), reaped: ticks(13) };
  } catch {
    return undefined; // it has just ended
  }
};

/** Milliseconds of processor time that the server at `pid` has used, backends that ended included. */
export const serverCpuMs = (pid: number): number => {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
  const children = all.filter(({ parent }) => parent === pid).reduce((sum, { own }) => sum + own, 0);
  const server = all.find((one) => one.pid === pid);
  return (children + (server?.own ?? 0) + (server?.reaped ?? 0)) * TICK_MS;
};

/** Milliseconds of processor time that the process `pid` has used. */
export const processCpuMs = (pid: number): number => (readStat(pid)?.own ?? 0) * TICK_MS;

/** Milliseconds of processor time that this process has used. */
export const ownCpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
