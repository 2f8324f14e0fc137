// What runs inside the isolate's context: takes runs from the port, one at a time. Bundled with zod and evaluated in the
// context itself, so that every object a function can reach belongs to the context and none leads to the host's `process`.
import type { FromIsolate, IsolateOutcome, RunContext, ToIsolate } from "../protocol.ts";
import { createCalls } from "./calls.ts";
import { createConsole } from "./console.ts";
import { type Compile, createLoader } from "./modules.ts";
import { createRun, type Run } from "./run.ts";
import { sharedByRuns } from "./shared.ts";
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
  /** Called when a run is over: makes a new context when the run has changed what others would share with it. */
  rest: () => void;
  /** Whether what is shared of the realm outside is as it was. */
  isRealmUntouched: () => boolean;
  globals: Record<string, unknown>;
  modules: Record<string, unknown>;
};

/** Enough to see 10 of the author's frames behind those of the SDK. */
const STACK_FRAMES = 25;

const REMOVED = [
  "SharedArrayBuffer",
  "Atomics",
  "WebAssembly",
  "escape",
  "unescape",
  "eval",
  "gc",
  "FinalizationRegistry",
];

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

export type Runtime = ReturnType<typeof startRuntime>;

/** Start taking runs. `rejected` and `handled` tell it about promises nobody awaits; `shared` is what all runs may reach. */
export const startRuntime = ({
  port,
  compile,
  loadValidator,
  timers: hostTimers,
  nextTurn,
  rest,
  isRealmUntouched,
  globals,
  modules,
}: Bridge) => {
  const turn = (): Promise<void> => new Promise((resolve) => nextTurn(resolve));
  let current: Run | undefined;
  let isLooking = false;

  /** A run that waits, but for no call and no timer, would wait until its time is over. Time that is skipped is another matter. */
  const lookForStall = async (): Promise<void> => {
    if (isLooking || current === undefined || current.isInVirtualTime) return;
    isLooking = true;
    await turn();
    isLooking = false;
    if (calls.count() === 0 && timers.count() === 0) current?.stall();
  };

  const calls = createCalls((message) => port.postMessage(message), lookForStall);
  const { load, provided } = createLoader({ compile, shared: modules });
  const validatorOf = createValidators({ compile, load: loadValidator });
  const timers = createTimers(hostTimers, (error) => current?.fail(error), lookForStall);
  const { setTimeout, clearTimeout } = timers;
  const console = createConsole(() => current?.log);
  Error.stackTraceLimit = STACK_FRAMES;
  for (const name of REMOVED) delete (globalThis as Record<string, unknown>)[name];
  setGlobals({ ...globals, setTimeout, clearTimeout, console });
  const sweepGlobals = createSweep();

  const sendOutcome = (outcome: IsolateOutcome): void => {
    const isSpoiled = !isRealmUntouched();
    try {
      port.postMessage({ kind: "done", outcome, isSpoiled });
    } catch {
      port.postMessage({ kind: "done", outcome: JSON.parse(JSON.stringify(outcome)), isSpoiled }); // a Proxy has no other form
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
    lookForStall();
    const outcome = await current.finish();
    current = undefined;
    endTime?.();
    timers.clearAll();
    await turn(); // what the run left behind has come to rest, or never lets this go on
    sweepGlobals();
    sendOutcome(outcome);
    rest();
  };

  port.onmessage = ({ data }) => {
    if (data.kind === "reply") calls.settle(data);
    else start(data);
  };
  port.start(); // a port moved to a context does not start by itself when it gets a listener

  return {
    shared: sharedByRuns([...provided, console, setTimeout, clearTimeout]),
    rejected: (reason: unknown, promise: unknown) => current?.rejected(reason, promise),
    handled: (promise: unknown) => current?.handled(promise),
  };
};
