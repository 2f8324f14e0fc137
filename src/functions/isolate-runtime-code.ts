// The code that runs inside every isolate, with V8's cache of it: made once, given to each thread. The SDK and zod are one
// text; the validator is another, which a thread evaluates when it first validates.
import path from "node:path";
import v8 from "node:v8";
import vm from "node:vm";
import { build } from "esbuild";
import type { createValidator } from "./sdk/validator.ts";

export type ScriptCode = { code: string; cachedData: Uint8Array; filename: string };

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
const bundle = async (file: string, exported: string, minify: boolean): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, `sdk/${file}${path.extname(import.meta.filename)}`)], // .js once built
    bundle: true,
    write: false,
    format: "cjs",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "node22",
    tsconfigRaw: {},
    logLevel: "silent",
    minify,
  });
  return `(() => {
const module = { exports: {} };
((module, exports) => {
${outputFiles[0]!.text}
})(module, module.exports);
return module.exports.${exported};
})()`;
};

const buildSdk = async (): Promise<ScriptCode> => {
  const filename = "syncline-isolate.cjs";
  const code = await bundle("runtime", "startRuntime", false);
  const script = new vm.Script(code, { filename });
  script.runInNewContext(); // what runs at the start is in the cache then
  return { code, cachedData: script.createCachedData(), filename };
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
const buildValidator = async (): Promise<ScriptCode> => {
  const filename = "syncline-validator.cjs";
  const text = await bundle("validator", "createValidator", true);
  const code = `((Function) => ${text})`; // Ajv makes code by `new Function`, which a context without `eval` refuses
  const script = new vm.Script(code, { filename });
  const context = vm.createContext();
  const create = script.runInContext(context)(vm.runInContext("Function", context)) as typeof createValidator;
  create()(SAMPLE)({ id: 1 });
  return { code, cachedData: script.createCachedData(), filename };
};

/** Bundle the isolate's side of `sdk/`; takes about 0.1 s, or 0.2 s with what runs need that validate. */
export const buildRuntimeCode = async ({ withValidator = true } = {}): Promise<RuntimeCode> => {
  setFlags();
  if (!withValidator) return { sdk: await buildSdk() };
  const [sdk, validator] = await Promise.all([buildSdk(), buildValidator()]);
  return { sdk, validator };
};
