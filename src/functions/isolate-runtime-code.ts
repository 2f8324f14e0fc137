// The code that runs inside every isolate, with V8's cache of it: made once in a process, given to each thread. The SDK and
// zod are one text; the validator is another, which a thread evaluates when it first validates.
import { getCompileCacheDir } from "node:module";
import path from "node:path";
import v8 from "node:v8";
import vm from "node:vm";
import { build } from "esbuild";
import { type Built, keptScript, type ScriptCode } from "./isolate-kept-code.ts";
import type { Bridge, startRuntime } from "./sdk/runtime.ts";
import type { createValidator } from "./sdk/validator.ts";

export type { ScriptCode } from "./isolate-kept-code.ts";

export type RuntimeCode = { sdk: ScriptCode; validator?: ScriptCode };

/**
 * With loop unrolling V8 takes some endless loops (`for (;;) new Array(1000).fill(1)`) for short ones and drops their stack
 * check. Such a loop cannot be ended from outside, and when it eats memory the whole process aborts instead of its thread.
 * A thread that has filled its memory with garbage is told to collect it, which takes a `gc`.
 * Flags are the process's, must be set before a thread starts, and are part of what a code cache is checked against.
 */
const setFlags = (): void => {
  v8.setFlagsFromString("--no-turboshaft-loop-unrolling");
  v8.setFlagsFromString("--expose-gc");
};

/** A file of `sdk/` with all it imports, as an expression that gives one of its exports. */
const bundle = async (file: string, exported: string, minify: boolean): Promise<{ text: string; inputs: string[] }> => {
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(import.meta.dirname, `sdk/${file}${path.extname(import.meta.filename)}`)], // .js once built
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: import.meta.dirname,
    format: "cjs",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "node22",
    tsconfigRaw: {},
    logLevel: "silent",
    minify,
  });
  const text = `(() => {
const module = { exports: {} };
((module, exports) => {
${outputFiles[0]!.text}
})(module, module.exports);
return module.exports.${exported};
})()`;
  const files = Object.keys(metafile.inputs).map((name) => path.join(import.meta.dirname, name));
  return { text, inputs: [import.meta.filename, ...files] };
};

const nothing = (): void => {};

/** For a runtime that gets no run. */
const NO_HOST: Bridge = {
  port: { start: nothing, postMessage: nothing, onmessage: null },
  compile: () => nothing,
  loadValidator: undefined,
  timers: { start: () => 0, stop: nothing },
  nextTurn: nothing,
  rest: nothing,
  isRealmUntouched: () => true,
  globals: {},
  modules: {},
};

/** The cache is taken after a start, so that it holds the functions that every start calls. */
const buildSdk = async (): Promise<Built> => {
  const filename = "syncline-isolate.cjs";
  const { text: code, inputs } = await bundle("runtime", "startRuntime", false);
  const script = new vm.Script(code, { filename });
  const start = script.runInNewContext() as typeof startRuntime;
  start(NO_HOST);
  return { script: { code, cachedData: script.createCachedData(), filename }, inputs };
};

/** Uses what most models use. */
const SAMPLE = {
  type: "object",
  properties: {
    id: { type: "string", minLength: 1, pattern: "^." },
    at: { type: "string", format: "date-time" },
    count: { anyOf: [{ type: "number" }, { type: "null" }] },
    kind: { type: "string", enum: ["a", "b"] },
    tags: { type: "array", items: { $ref: "#/definitions/tag" } },
  },
  required: ["id"],
  additionalProperties: false,
  definitions: { tag: { type: "object", propertyNames: { type: "string" }, additionalProperties: {} } },
};

/** The cache is taken after first use, so that it holds the functions used: 28 ms to the first validator, instead of 52. */
const buildValidator = async (): Promise<Built> => {
  const filename = "syncline-validator.cjs";
  const { text, inputs } = await bundle("validator", "createValidator", true);
  const code = `((Function) => ${text})`; // Ajv makes code by `new Function`, which a context without `eval` refuses
  const script = new vm.Script(code, { filename });
  const context = vm.createContext();
  const create = script.runInContext(context)(vm.runInContext("Function", context)) as typeof createValidator;
  create()(SAMPLE)({ id: 1 });
  return { script: { code, cachedData: script.createCachedData(), filename }, inputs };
};

/**
 * Once in a process, however often it is asked for; after a failure it is tried again. Node's folder is one for each of its
 * versions and of the flags that V8 started with.
 */
const once = (name: string, make: () => Promise<Built>) => {
  let made: Promise<ScriptCode> | undefined;
  return (): Promise<ScriptCode> => {
    made ??= keptScript(getCompileCacheDir(), name, make).catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
};

const sdkCode = once("syncline-isolate", buildSdk);
const validatorCode = once("syncline-validator", buildValidator);

/** Bundle the isolate's side of `sdk/`; takes about 0.1 s the first time, or 0.2 s with what runs need that validate. */
export const buildRuntimeCode = async ({ withValidator = true } = {}): Promise<RuntimeCode> => {
  setFlags();
  if (!withValidator) return { sdk: await sdkCode() };
  const [sdk, validator] = await Promise.all([sdkCode(), validatorCode()]);
  return { sdk, validator };
};
