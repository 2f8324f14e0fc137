// Compiling on the server what somebody sent: in a process of its own, as bundling and parsing would hold up all requests
// for as long as they take, and as what is compiled may be made to take long or to fill the memory. The process gets
// nothing of ours: no environment variables, no standard streams. The code itself runs in an isolate of that process alone.
import { type ChildProcess, fork } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { AppError } from "../errors.ts";
import type { Compiled } from "./compile.ts";

const CHILD = path.join(import.meta.dirname, `compile-child${path.extname(import.meta.filename)}`); // .js once built
const MEMORY_MB = 512;
const TIMEOUT_MS = 30_000; // a large function takes 2 s
const MOST_WAITING = 20;
/** The first compile of a process takes 0.8 s of the processor, a further one 0.25 s; a process that waits keeps 120 MB. */
const IDLE_MS = 15_000;
/** Bounds what code leaves behind in the process. */
const COMPILES_PER_PROCESS = 100;

let child: ChildProcess | undefined;
let compiles = 0;
let idle: NodeJS.Timeout | undefined;

const dismiss = (): void => {
  child?.kill("SIGKILL");
  child = undefined;
};

const start = (): ChildProcess => {
  const started = fork(CHILD, [], {
    cwd: os.tmpdir(),
    env: {},
    execArgv: [`--max-old-space-size=${MEMORY_MB}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  started.on("error", () => {}); // whoever waits for it is told
  started.once("exit", () => {
    if (child === started) child = undefined;
  });
  compiles = 0;
  return started;
};

/** A process that waits does not keep ours. */
const rest = (one: ChildProcess): void => {
  one.unref();
  one.channel?.unref();
  compiles += 1;
  if (compiles >= COMPILES_PER_PROCESS) dismiss();
  else idle = setTimeout(dismiss, IDLE_MS).unref();
};

const compileOne = (dir: string): Promise<Compiled> =>
  new Promise((resolve, reject) => {
    clearTimeout(idle);
    child ??= start();
    const one = child;
    one.ref();
    one.channel?.ref();
    const timer = setTimeout(dismiss, TIMEOUT_MS);
    const settle = (): void => {
      clearTimeout(timer);
      one.off("exit", exited).off("error", failed).off("message", compiled);
    };
    const exited = (code: number | null, signal: string | null): void => {
      settle();
      reject(new AppError("compilation_error", `The compiler gave up: ${signal ?? `exit code ${code}`}.`));
    };
    const failed = (cause: Error): void => {
      settle();
      dismiss();
      reject(new AppError("server_error", "The compiler does not start.", { cause }));
    };
    const compiled = (found: unknown): void => {
      settle();
      rest(one);
      resolve(found as Compiled);
    };
    one.once("exit", exited).once("error", failed).once("message", compiled);
    one.send(dir, () => {}); // to a process that is gone: its exit says so
  });

let last: Promise<unknown> = Promise.resolve();
let waiting = 0;

/**
 * The functions of a folder and what is wrong with them, as `compileFolder` says it. One folder at a time: a second process
 * would only take the processor from requests. Rejects with `execution_environment_unavailable` when too many wait, and
 * with `compilation_error` when it takes too long or too much memory.
 */
export const compileApart = (dir: string): Promise<Compiled> => {
  if (waiting >= MOST_WAITING) return Promise.reject(new AppError("execution_environment_unavailable"));
  waiting += 1;
  const done = last.then(() => compileOne(dir)).finally(() => (waiting -= 1));
  last = done.catch(() => {});
  return done;
};
