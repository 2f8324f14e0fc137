// A server that a killed process left behind, found by the pid file in the cluster.
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { AppError } from "../../errors.ts";
import { isAlive, isServerOf, waitUntil } from "./processes.ts";

const SIGNALS = [
  { signal: "SIGINT", ms: 10_000 }, // fast: end sessions, write a checkpoint
  { signal: "SIGQUIT", ms: 5_000 }, // immediate: recover at the next start
  { signal: "SIGKILL", ms: 5_000 },
] as const;

const pidFileOf = (cluster: string): string => path.join(cluster, "postmaster.pid");

/** The lines of postmaster.pid: 0 pid, 1 folder, 2 start, 3 port, …, 7 state; null when there is none. */
export const readPidFile = (cluster: string): string[] | null => {
  try {
    return readFileSync(pidFileOf(cluster), "utf8").split("\n");
  } catch {
    return null;
  }
};

/** The pid of the server that runs on this cluster, whoever started it. */
export const findServer = (cluster: string): number | null => {
  const pid = Number(readPidFile(cluster)?.[0]);
  return Number.isInteger(pid) && pid > 0 && isServerOf(pid, cluster) ? pid : null;
};

/** Stop the server that runs here; call it only as the owner of the data folder. */
export const stopStaleServer = async (cluster: string, log: (line: string) => void): Promise<void> => {
  const pid = findServer(cluster);
  const written = Number(readPidFile(cluster)?.[0]);
  if (pid === null) {
    // Postgres itself ignores the file of a dead process, but takes a reused pid for a running server.
    if (isAlive(written)) rmSync(pidFileOf(cluster), { force: true });
    return;
  }
  log(`stopping the server ${pid} that a killed process left behind`);
  for (const { signal, ms } of SIGNALS) {
    process.kill(pid, signal);
    if (await waitUntil(() => !isServerOf(pid, cluster), ms)) return;
  }
  throw new AppError("embedded_postgres_failed", `the server ${pid} of ${cluster} does not stop`);
};
