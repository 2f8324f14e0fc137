// Compiling on the server what somebody sent: in a process of its own, as bundling and parsing would hold up all requests
// for as long as they take, and as what is compiled may be made to take long or to fill the memory. The process gets
// nothing of ours: no environment variables, no standard streams. The code itself runs in its isolate alone.
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { AppError } from "../errors.ts";
import type { Compiled } from "./compile.ts";

const CHILD = path.join(import.meta.dirname, `compile-child${path.extname(import.meta.filename)}`); // .js once built
const MEMORY_MB = 512;
const TIMEOUT_MS = 30_000; // a large function takes 2 s
const MOST_WAITING = 20;

const start = (dir: string): ChildProcess =>
  fork(CHILD, [], {
    cwd: dir,
    env: {},
    execArgv: [`--max-old-space-size=${MEMORY_MB}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });

const compileOne = (dir: string): Promise<Compiled> =>
  new Promise((resolve, reject) => {
    const child = start(dir);
    const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
    child.once("message", (compiled) => resolve(compiled as Compiled));
    child.on("error", (cause) => reject(new AppError("server_error", "The compiler does not start.", { cause })));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      reject(new AppError("compilation_error", `The compiler gave up: ${signal ?? `exit code ${code}`}.`));
    });
    child.send(dir);
  });

let last: Promise<unknown> = Promise.resolve();
let waiting = 0;

/**
 * The functions of a folder and what is wrong with them, as `compileFolder` says it; about 1 s. One folder at a time: a
 * second process would only take the processor from requests. Rejects with `execution_environment_unavailable` when too
 * many wait, and with `compilation_error` when it takes too long or too much memory.
 */
export const compileApart = (dir: string): Promise<Compiled> => {
  if (waiting >= MOST_WAITING) return Promise.reject(new AppError("execution_environment_unavailable"));
  waiting += 1;
  const done = last.then(() => compileOne(dir)).finally(() => (waiting -= 1));
  last = done.catch(() => {});
  return done;
};
