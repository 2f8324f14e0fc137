// Running a bundle: evaluated anew for each run, so that nothing at the top of a file leaks from one customer's run to the next.
import * as zod from "zod";
import * as sdk from "./index.ts";
import { forgetLastRun } from "./shared.ts";

type Require = (name: string) => unknown;
type Factory = (module: { exports: unknown }, exports: unknown, require: Require) => void;

/**
 * Turns a bundle's text into its function, or makes that of a file it has compiled before once more; the host compiles,
 * because text cannot become code in here.
 */
export type Compile = (code: string | null, filename: string) => Factory;

/** Where stack traces place a bundle's code, until the host maps them to the author's files. */
const fileName = (hash: string): string => `function-${hash}.cjs`;

// A bundle's import copies every own property of a module, 300 for zod, at each run; inherited ones it takes as they are.
const zodModule = Object.create(zod, {
  z: { value: zod.z, enumerable: true },
  default: { value: zod.z, enumerable: true },
  __esModule: { value: true },
});

/** `load(hash, bundle)` gives the default export; `bundle` is null when this thread has had it before. `provided` is what all share. */
export const createLoader = ({ compile, shared }: { compile: Compile; shared: Record<string, unknown> }) => {
  const provided = new Map<string, unknown>(Object.entries({ zod: zodModule, syncline: sdk, nango: sdk, ...shared }));

  const require: Require = (name) => {
    if (!provided.has(name)) throw new Error(`A function cannot require "${name}".`);
    return provided.get(name);
  };

  const load = (hash: string, bundle: string | null): unknown => {
    forgetLastRun();
    const module = { exports: {} as { default?: unknown } };
    compile(bundle, fileName(hash))(module, module.exports, require);
    return module.exports.default ?? module.exports;
  };
  return { load, provided: [...provided.values()] };
};
