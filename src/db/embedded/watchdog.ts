// Stops the server when this process dies without a chance to do it. A shell waits on a pipe whose other end only this
// process holds: the kernel closes it however we end, `kill -9` included. It looks again whose pid it has, then signals.
import { spawn } from "node:child_process";
import { ENVIRONMENT } from "./cluster.ts";
import type { Place } from "./place.ts";

const SCRIPT = 'read -r _; read -r pid < "$2/postmaster.pid" && [ "$pid" = "$1" ] && kill -INT "$1"';

/** Watch over server `pid`; the returned function calls the watchdog off. */
export const startWatchdog = ({ cluster, user }: Place, pid: number): (() => void) => {
  const child = spawn("/bin/sh", ["-c", SCRIPT, "syncline-watchdog", `${pid}`, cluster], {
    ...user,
    env: ENVIRONMENT,
    cwd: "/",
    detached: true, // Ctrl-C in a terminal goes to the whole group; the watchdog and the server must outlast it
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.unref();
  (child.stdin as unknown as { unref: () => void }).unref();
  return () => {
    child.kill("SIGKILL");
  };
};
