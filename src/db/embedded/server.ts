// The server process: started without pg_ctl so that we are its parent, ready when its pid file says so, stopped with a deadline.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { AppError } from "../../errors.ts";
import { ENVIRONMENT } from "./cluster.ts";
import type { Place } from "./place.ts";
import { waitUntil } from "./processes.ts";
import { readPidFile } from "./stale.ts";
import { startWatchdog } from "./watchdog.ts";

export type Settings = Record<string, string>;
export type Server = { pid: number; stop: () => Promise<void> };

const DEFAULTS: Settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "256MB",
  max_wal_size: "2GB",
  random_page_cost: "1.1",
  fsync: "on",
  synchronous_commit: "on",
  timezone: "UTC",
  log_timezone: "UTC",
  log_line_prefix: "%m [%p] %a ",
};

const READY_MS = 120_000; // recovery after a crash replays up to max_wal_size
const MOST_LOG_BYTES = 10 * 1024 * 1024;

const openLog = (file: string): number => {
  if (existsSync(file) && statSync(file).size > MOST_LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, "a", 0o600);
};

const exitOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });

const stopWithin = async (child: ChildProcess, exited: Promise<void>): Promise<void> => {
  child.ref();
  for (const [signal, ms] of [
    ["SIGINT", 10_000],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([exited, late]);
    clearTimeout(timer);
  }
};

const lastLines = (file: string): string => readFileSync(file, "utf8").trimEnd().split("\n").slice(-5).join("\n");

/** Start Postgres on `port`; resolves when it takes connections. Rejects with embedded_postgres_failed and the log's last lines. */
export const startServer = async (
  place: Place,
  o: { port: number; logFile: string; settings: Settings },
): Promise<Server> => {
  const settings = { ...DEFAULTS, ...o.settings, port: `${o.port}` };
  const args = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const log = openLog(o.logFile);
  const child = spawn(place.binaries.postgres, ["-D", place.cluster, ...args], {
    ...place.user,
    env: ENVIRONMENT,
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const exited = exitOf(child);
  child.unref();
  if (child.pid !== undefined) child.once("exit", startWatchdog(place, child.pid));
  const isGone = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const isReady = () => {
    const lines = readPidFile(place.cluster);
    return Number(lines?.[0]) === child.pid && lines?.[7]?.trim() === "ready";
  };
  const inTime = await waitUntil(() => isGone() || isReady(), READY_MS);
  if (!inTime || isGone()) {
    await stopWithin(child, exited);
    throw new AppError(
      "embedded_postgres_failed",
      `Postgres did not start; ${o.logFile} ends with:\n${lastLines(o.logFile)}`,
    );
  }
  return { pid: child.pid!, stop: () => stopWithin(child, exited) };
};
