// The code that runs inside every isolate, SDK and zod in one text, with V8's cache of it: made once, given to each thread.
import { fileURLToPath } from "node:url";
import v8 from "node:v8";
import vm from "node:vm";
import { build } from "esbuild";

export type RuntimeCode = { code: string; cachedData: Uint8Array; filename: string };

const ENTRY = fileURLToPath(new URL("./sdk/runtime.ts", import.meta.url));
const FILENAME = "syncline-isolate.cjs";

const asExpression = (code: string): string => `(() => {
const module = { exports: {} };
((module, exports) => {
${code}
})(module, module.exports);
return module.exports.startRuntime;
})()`;

/**
 * With loop unrolling V8 takes some endless loops (`for (;;) new Array(1000).fill(1)`) for short ones and drops their stack
 * check. Such a loop cannot be ended from outside, and when it eats memory the whole process aborts instead of its thread.
 * The flag is the process's, must be set before a thread starts, and is part of what a code cache is checked against.
 */
const keepLoopsInterruptible = (): void => v8.setFlagsFromString("--no-turboshaft-loop-unrolling");

/** Bundle the isolate's side of `sdk/`; takes about 0.1 s. */
export const buildRuntimeCode = async (): Promise<RuntimeCode> => {
  keepLoopsInterruptible();
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "node22",
    tsconfigRaw: {},
    logLevel: "silent",
  });
  const code = asExpression(outputFiles[0]!.text);
  return { code, cachedData: new vm.Script(code, { filename: FILENAME }).createCachedData(), filename: FILENAME };
};
