// One isolate, seen from the host: a thread that takes one run at a time and is ended for good when a run will not end.

import { once } from "node:events";
import { getCompileCacheDir } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import { abortError, floodError, threadError, timeoutError, toWire } from "./isolate-errors.ts";
import type { RuntimeCode } from "./isolate-runtime-code.ts";
import { CPU_LIMITS, type CpuLimits, V8_CEILING_MB, watchThread } from "./isolate-watch.ts";
import {
  CALLS_AT_ONCE,
  type FromIsolate,
  type HostCall,
  type IsolateJob,
  type IsolateOutcome,
  type RunError,
  type ToIsolate,
} from "./protocol.ts";
import { mapStack } from "./stack.ts";

const ENTRY = path.join(import.meta.dirname, `isolate-entry${path.extname(import.meta.filename)}`); // .js once built
const YOUNG_GENERATION_MB = 16;
const STACK_MB = 4;
const MOST_CALLS = 2 * CALLS_AT_ONCE; // an isolate that keeps to the protocol holds back after half of that
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A thread in a long step of native code cannot be ended: its run is over all the same. */
const GIVE_UP_MS = 2_000;

export type Thread = ReturnType<typeof startThread>;

type Running = { call: HostCall; end: (outcome: IsolateOutcome) => void; heard: () => void; openCalls: number };

const failure = (error: RunError): IsolateOutcome => ({ ok: false, error });

/** Where Node keeps what it compiles: a thread has it by its environment alone, and would strip our types anew, for 0.1 s of a core. */
const compileCache = (): NodeJS.ProcessEnv => {
  const folder = getCompileCacheDir(); // one for each version of Node, in the one that was asked for
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: path.dirname(folder) };
};

const startWorker = (runtime: RuntimeCode, port: MessageChannel["port2"]): Worker => {
  const worker = new Worker(ENTRY, {
    name: "syncline-isolate",
    argv: [],
    env: compileCache(),
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: V8_CEILING_MB,
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      stackSizeMb: STACK_MB,
    },
    workerData: { port, runtime },
    transferList: [port],
  });
  worker.stdout.resume(); // what Node itself prints there is of no use to anybody
  worker.stderr.resume();
  worker.unref();
  return worker;
};

/** Start a thread. It is ready for a run at once (a run waits for it inside), and does not keep the process alive between runs. */
export const startThread = (o: {
  runtime: RuntimeCode;
  memoryMb: number;
  litterMb?: number | undefined;
  cpu?: CpuLimits | undefined;
}) => {
  const { runtime, memoryMb, litterMb, cpu = CPU_LIMITS } = o;
  const { port1: port, port2 } = new MessageChannel();
  const worker = startWorker(runtime, port2);
  const compiled = new Set<string>();
  let running: Running | undefined;
  let death: RunError | undefined;

  const send = (message: ToIsolate): void => port.postMessage(message);

  const reply = (id: number, value: unknown): void => {
    try {
      send({ kind: "reply", id, ok: true, value });
    } catch (error) {
      send({ kind: "reply", id, ok: false, error: toWire(error) });
    }
  };

  const answer = async (run: Running, { id, method, args }: FromIsolate & { kind: "call" }): Promise<void> => {
    run.openCalls += 1;
    if (run.openCalls > MOST_CALLS) return void kill(floodError(MOST_CALLS));
    run.heard();
    try {
      reply(id, await run.call(method, args));
    } catch (error) {
      send({ kind: "reply", id, ok: false, error: toWire(error) });
    } finally {
      run.openCalls -= 1;
    }
  };

  const onMessage = (message: FromIsolate): void => {
    if (message.kind === "call" && running !== undefined) answer(running, message);
    if (message.kind !== "done") return;
    running?.end(message.outcome);
    if (message.isSpoiled) kill(threadError(undefined, memoryMb));
  };

  const die = (error: RunError): void => {
    death ??= error;
    port.close();
    running?.end(failure(death));
  };

  port.on("message", onMessage);
  port.unref();
  worker.on("error", (error) => die(threadError(error, memoryMb)));
  worker.on("exit", () => die(threadError(undefined, memoryMb)));

  const kill = async (reason: RunError): Promise<void> => {
    death ??= reason;
    await Promise.race([worker.terminate(), sleep(GIVE_UP_MS, undefined, { ref: false })]);
    die(death);
  };

  const collect = async (): Promise<void> => {
    worker.postMessage("collect");
    await once(worker, "message");
  };

  const begin = ({ hash, bundle, entry, payload, context }: IsolateJob): void => {
    const isKnown = compiled.has(hash);
    send({ kind: "run", hash, bundle: isKnown ? null : bundle, entry, payload, context });
    compiled.add(hash);
    worker.ref();
    port.ref();
  };

  /** Run one job; never rejects. Once it resolves none of the job's code runs any more, except after its own good end. */
  const run = async (job: IsolateJob): Promise<IsolateOutcome> => {
    if (running !== undefined) throw new Error("This isolate is busy.");
    if (job.signal.aborted) return failure(abortError());
    if (death !== undefined) return failure(death);
    const { promise: ended, resolve: end } = Promise.withResolvers<IsolateOutcome>();
    const watch = watchThread({ worker, memoryMb, litterMb, cpu, collect, end: kill });
    running = { call: job.call, end, heard: watch.heard, openCalls: 0 };
    const abort = () => void kill(abortError());
    const timer = setTimeout(() => kill(timeoutError(job.timeoutMs)), Math.min(job.timeoutMs, MAX_TIMER_MS));
    job.signal.addEventListener("abort", abort, { once: true });
    try {
      begin(job);
      return withNamedFiles(await ended, job.bundle);
    } finally {
      clearTimeout(timer);
      watch.stop();
      job.signal.removeEventListener("abort", abort);
      running = undefined;
      worker.unref();
      port.unref();
    }
  };

  return { run, stop: () => kill(abortError()), isAlive: () => death === undefined };
};

const withNamedFiles = (outcome: IsolateOutcome, bundle: string): IsolateOutcome => {
  if (outcome.ok || outcome.error.stack === undefined) return outcome;
  return failure({ ...outcome.error, stack: mapStack(outcome.error.stack, bundle) });
};
