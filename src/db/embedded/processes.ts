// What the operating system knows about a process: whether it lives, since when, and whether it is a certain Postgres.
import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const isLinux = process.platform === "linux";

const attempt = <T>(work: () => T): T | null => {
  try {
    return work();
  } catch {
    return null;
  }
};

// After the command name in parentheses: state, ppid, … and as the 20th field the start time in ticks since boot.
const linuxStat = (pid: number): string[] | null => {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return text === null ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
};

const ps = (pid: number, field: string): string | null => {
  const { status, stdout } = spawnSync("ps", ["-o", `${field}=`, "-p", `${pid}`], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
};

/** When the process started, in a form that only equals itself; null when it does not live. Pids are reused, start times not. */
export const startOf = (pid: number): string | null => {
  if (!isLinux) return ps(pid, "lstart");
  const stat = linuxStat(pid);
  // A zombie answers to signals but does nothing; where process 1 reaps no orphans it stays for ever.
  return stat === null || stat[0] === "Z" || stat[0] === "X" ? null : stat[19]!;
};

export const isAlive = (pid: number): boolean => startOf(pid) !== null;

/** Whether `pid` is a Postgres server of this cluster folder, which is its working directory. */
export const isServerOf = (pid: number, cluster: string): boolean => {
  const folder = attempt(() => realpathSync(cluster));
  if (folder === null || !isAlive(pid)) return false;
  if (isLinux) return attempt(() => readlinkSync(`/proc/${pid}/cwd`)) === folder;
  const command = ps(pid, "command") ?? "";
  return command.includes("postgres") && (command.includes(cluster) || command.includes(folder));
};

/** Look every 10 ms until `isTrue` holds; false when `ms` went by first. */
export const waitUntil = async (isTrue: () => boolean, ms: number): Promise<boolean> => {
  const deadline = performance.now() + ms;
  while (!isTrue()) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
};
