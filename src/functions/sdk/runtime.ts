// What runs inside the isolate's context: takes runs from the port, one at a time. Bundled with zod and evaluated in the
// context itself, so that every object a function can reach belongs to the context and none leads to the host's `process`.
import type { FromIsolate, IsolateOutcome, RunContext, ToIsolate } from "../protocol.ts";
import { createCalls } from "./calls.ts";
import { createConsole } from "./console.ts";
import { type Compile, createLoader } from "./modules.ts";
import { createRun, type Run } from "./run.ts";
import { createTimers, type HostTimers } from "./timers.ts";
import { createValidators, type LoadValidator } from "./validators.ts";
import { createVirtualTime, realDate } from "./virtual-time.ts";

type Port = {
  start: () => void;
  postMessage: (message: FromIsolate) => void;
  onmessage: ((event: { data: ToIsolate }) => void) | null;
};

/** Everything the context gets from outside. Functions among these are host functions: they must never reach an author's code, except `globals` and `modules`. */
export type Bridge = {
  port: Port;
  compile: Compile;
  loadValidator: LoadValidator | undefined;
  timers: HostTimers;
  nextTurn: (resume: () => void) => void;
  globals: Record<string, unknown>;
  modules: Record<string, unknown>;
};

/** Enough to see 10 of the author's frames behind those of the SDK. */
const STACK_FRAMES = 25;

const REMOVED = ["SharedArrayBuffer", "Atomics", "WebAssembly", "escape", "unescape", "eval"];

const setGlobals = (globals: Record<string, unknown>): void => {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
  }
};

/** Takes away what runs put into the global object. */
const createSweep = () => {
  const own = new Set(Reflect.ownKeys(globalThis));
  return (): void => {
    for (const key of Reflect.ownKeys(globalThis)) if (!own.has(key)) Reflect.deleteProperty(globalThis, key);
  };
};

/** Start taking runs. The two functions returned tell it about promises nobody awaits. */
export const startRuntime = ({
  port,
  compile,
  loadValidator,
  timers: hostTimers,
  nextTurn,
  globals,
  modules,
}: Bridge) => {
  const calls = createCalls((message) => port.postMessage(message));
  const load = createLoader({ compile, shared: modules });
  const validatorOf = createValidators({ compile, load: loadValidator });
  let current: Run | undefined;
  const timers = createTimers(hostTimers, (error) => current?.fail(error));
  const { setTimeout, clearTimeout } = timers;
  const console = createConsole(() => current?.log);
  Error.stackTraceLimit = STACK_FRAMES;
  for (const name of REMOVED) delete (globalThis as Record<string, unknown>)[name];
  setGlobals({ ...globals, setTimeout, clearTimeout, console });
  const sweepGlobals = createSweep();

  const turn = (): Promise<void> => new Promise((resolve) => nextTurn(resolve));

  const sendOutcome = (outcome: IsolateOutcome): void => {
    try {
      port.postMessage({ kind: "done", outcome });
    } catch {
      port.postMessage({ kind: "done", outcome: JSON.parse(JSON.stringify(outcome)) }); // a Proxy has no other form
    }
  };

  const skipTime = ({ virtualTime }: RunContext): (() => void) | undefined => {
    if (virtualTime === undefined) return undefined;
    const isIdle = () => calls.count() === 0;
    const time = createVirtualTime({ ...virtualTime, isIdle, turn, onError: (error) => current?.fail(error) });
    setGlobals(time.globals);
    return () => {
      time.end();
      setGlobals({ setTimeout, clearTimeout, Date: realDate });
    };
  };

  const start = async (message: ToIsolate & { kind: "run" }): Promise<void> => {
    const endTime = skipTime(message.context);
    current = createRun({ message, calls, load, validatorOf, nextTurn: turn });
    const outcome = await current.finish();
    current = undefined;
    endTime?.();
    timers.clearAll();
    sweepGlobals();
    sendOutcome(outcome);
  };

  port.onmessage = ({ data }) => {
    if (data.kind === "reply") calls.settle(data);
    else start(data);
  };
  port.start(); // a port moved to a context does not start by itself when it gets a listener

  return {
    rejected: (reason: unknown, promise: unknown) => current?.rejected(reason, promise),
    handled: (promise: unknown) => current?.handled(promise),
  };
};
