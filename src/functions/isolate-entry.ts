// The first code of an isolate's thread: makes the context that functions live in, and hands it what it may have.
// The thread is the boundary (own heap, no environment, can be ended at any time); the context is the surface.
import crypto from "node:crypto";
import url from "node:url";
import vm from "node:vm";
import { moveMessagePortToContext, type Transferable, workerData } from "node:worker_threads";
import type { RuntimeCode, ScriptCode } from "./isolate-runtime-code.ts";
import type { Compile } from "./sdk/modules.ts";
import type { Bridge, startRuntime } from "./sdk/runtime.ts";
import type { LoadValidator } from "./sdk/validators.ts";

const CRYPTO_NAMES = [
  "constants",
  "createCipheriv",
  "createDecipheriv",
  "createHash",
  "createHmac",
  "createPrivateKey",
  "createPublicKey",
  "createSecretKey",
  "createSign",
  "createVerify",
  "getHashes",
  "hash",
  "hkdfSync",
  "pbkdf2Sync",
  "privateDecrypt",
  "privateEncrypt",
  "publicDecrypt",
  "publicEncrypt",
  "randomBytes",
  "randomInt",
  "randomUUID",
  "scryptSync",
  "sign",
  "timingSafeEqual",
  "verify",
] as const;

const URL_NAMES = ["URL", "URLSearchParams", "domainToASCII", "domainToUnicode", "format", "parse", "resolve"] as const;

const pick = <T extends object>(source: T, names: readonly (keyof T)[]): Partial<T> =>
  Object.freeze(Object.fromEntries(names.map((name) => [name, source[name]])) as Partial<T>);

const createTimers = (): Bridge["timers"] => {
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

/**
 * Buffer, URL and crypto are this realm's own. Without `constructor` on functions none of them leads to a `Function` that
 * compiles text here, where `process` is in reach; nothing can be added to the prototypes that Node's own code looks at.
 */
const tameThisRealm = (): void => {
  const kinds = [() => {}, async () => {}, function* () {}, async function* () {}];
  for (const kind of kinds) delete (Object.getPrototypeOf(kind) as { constructor?: unknown }).constructor;
  for (const shared of [Object, Function, Array, Promise]) Object.preventExtensions(shared.prototype);
};

const { port, runtime } = workerData as { port: Transferable; runtime: RuntimeCode };

const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, { codeGeneration: { strings: false, wasm: false } });

const compile: Compile = (code, filename) => {
  const options = Object.assign(Object.create(null), { filename, lineOffset: -1 });
  return new vm.Script(`(function (module, exports, require) {\n${code}\n})`, options).runInContext(context);
};

// Evaluating needs nothing of this realm that a function may have changed by the time it is done.
const createEvaluate = ({ code, filename, cachedData }: ScriptCode) => {
  const options = Object.assign(Object.create(null), { filename, cachedData });
  return () => new vm.Script(code, options).runInContext(context) as unknown;
};

const start = createEvaluate(runtime.sdk)() as typeof startRuntime;
const loadValidator = runtime.validator && (createEvaluate(runtime.validator) as LoadValidator);
const contextPort = moveMessagePortToContext(port as never, context) as unknown as Bridge["port"];
const urlModule = pick(url, URL_NAMES);
const cryptoModule = pick(crypto, CRYPTO_NAMES);

tameThisRealm();
const { rejected, handled } = start({
  port: contextPort,
  compile,
  loadValidator,
  timers: createTimers(),
  nextTurn: (resume) => void setImmediate(resume),
  globals: { Buffer, URL, URLSearchParams },
  modules: { url: urlModule, "node:url": urlModule, crypto: cryptoModule, "node:crypto": cryptoModule },
});
process.on("unhandledRejection", rejected);
process.on("rejectionHandled", handled);
