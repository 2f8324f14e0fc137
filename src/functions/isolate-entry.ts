// The first code of an isolate's thread: makes the context that functions live in, and hands it what it may have.
// The thread is the boundary (own heap, no environment but where Node keeps what it compiles, can be ended at any time); the
// context is the surface.
import vm from "node:vm";
import { moveMessagePortToContext, parentPort, type Transferable, workerData } from "node:worker_threads";
import { createGuard } from "./isolate-guard.ts";
import { openRealm } from "./isolate-realm.ts";
import type { RuntimeCode, ScriptCode } from "./isolate-runtime-code.ts";
import type { Bridge, Runtime, startRuntime } from "./sdk/runtime.ts";
import type { HostTimers } from "./sdk/timers.ts";
import type { LoadValidator } from "./sdk/validators.ts";

const createTimers = (): HostTimers => {
  const running = new Map<number, NodeJS.Timeout>();
  let lastId = 0;
  const start = (ms: number, fire: () => void): number => {
    const id = ++lastId;
    const onTime = () => {
      running.delete(id);
      fire();
    };
    running.set(id, setTimeout(onTime, ms));
    return id;
  };
  const stop = (id: number): void => {
    clearTimeout(running.get(id));
    running.delete(id);
  };
  return { start, stop };
};

// Objects of the language that stand behind no name.
const NAMELESS = `[async () => {}, function* () {}, async function* () {}, (function* () {})(), (async function* () {})(),
  [].values(), new Map().keys(), new Set().keys(), "".matchAll(/a/g), ""[Symbol.iterator](), [].values().map((x) => x),
  Iterator.from({ next() {} }), new Intl.Segmenter().segment(""), new Intl.Segmenter().segment("")[Symbol.iterator]()]`;

const { port, runtime } = workerData as { port: Transferable; runtime: RuntimeCode };

const options = <T extends object>(given: T): T => Object.assign(Object.create(null), given);

const toScript = ({ code, filename, cachedData }: ScriptCode): vm.Script =>
  new vm.Script(code, options({ filename, cachedData: cachedData as Buffer }));

const sdk = toScript(runtime.sdk);
const validator = runtime.validator && toScript(runtime.validator);
const nameless = new vm.Script(NAMELESS);
const bundles = new Map<string, vm.Script>();

/** Text that is no function's body could end the wrapper and declare names for all runs. */
const toFunction = (code: string, filename: string): vm.Script => {
  vm.compileFunction(code, ["module", "exports", "require"], options({ filename }));
  const text = `(function (module, exports, require) {\n${code}\n})`;
  return new vm.Script(text, options({ filename, lineOffset: -1 }));
};

const realm = createGuard();
const { globals, modules } = openRealm(realm);
const timers = createTimers();

const nextTurn: Bridge["nextTurn"] = (resume) => void setImmediate(resume);

type Life = { runtime: Runtime; port: Transferable; isUntouched: () => boolean };

let life: Life;

/** After each run: what it changed for others goes with the whole context. */
const rest = (): void => {
  if (!life.isUntouched()) life = startContext(life.port);
};

const startContext = (given: Transferable): Life => {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, { codeGeneration: { strings: false, wasm: false } });
  const compile: Bridge["compile"] = (code, filename) => {
    const script = code === null ? bundles.get(filename) : toFunction(code, filename);
    if (script === undefined) throw new Error(`The bundle of ${filename} is not here.`);
    bundles.set(filename, script);
    return script.runInContext(context);
  };
  const start = sdk.runInContext(context) as typeof startRuntime;
  const loadValidator = validator && ((() => validator.runInContext(context)) as LoadValidator);
  const moved = moveMessagePortToContext(given as never, context) as unknown as Transferable & Bridge["port"];
  const host = { port: moved, compile, loadValidator, timers, nextTurn, rest, isRealmUntouched: realm.isUntouched };
  const started = start({ ...host, globals, modules });
  const guard = createGuard(realm);
  const unfinished = new Set(started.shared.unfinished);
  const { DateTimeFormat } = (context as { Intl: typeof Intl }).Intl; // runs in virtual time redefine a getter of it
  const redefined = new Set<object>([context, DateTimeFormat.prototype]);
  guard.add([context], (object) => (redefined.has(object) ? "compare" : "lock"));
  guard.add(nameless.runInContext(context), () => "lock");
  guard.add(started.shared.roots, (object) => (unfinished.has(object) ? "lock" : "freeze"));
  return { runtime: started, port: moved, isUntouched: guard.isUntouched };
};

life = startContext(port);
const collect = vm.runInNewContext("gc") as () => void;
parentPort!.on("message", () => {
  collect();
  parentPort!.postMessage("collected");
});
process.on("unhandledRejection", (reason, promise) => life.runtime.rejected(reason, promise));
process.on("rejectionHandled", (promise) => life.runtime.handled(promise));
