// Running a bundle: evaluated anew for each run, so that nothing at the top of a file leaks from one customer's run to the next.
import * as zod from "zod";
import * as sdk from "./index.ts";

type Require = (name: string) => unknown;
type Factory = (module: { exports: unknown }, exports: unknown, require: Require) => void;

/** Turns a bundle's text into its function; the host compiles, because text cannot become code in here. */
export type Compile = (code: string, filename: string) => Factory;

/** Where stack traces place a bundle's code, until the host maps them to the author's files. */
const fileName = (hash: string): string => `function-${hash}.cjs`;

// A bundle's import copies every own property of a module, 300 for zod, at each run; inherited ones it takes as they are.
const zodModule = Object.create(zod, {
  z: { value: zod.z, enumerable: true },
  default: { value: zod.z, enumerable: true },
  __esModule: { value: true },
});

/** `load(hash, bundle)` gives the default export; `bundle` is null when this thread has had it before. */
export const createLoader = ({ compile, shared }: { compile: Compile; shared: Record<string, unknown> }) => {
  const factories = new Map<string, Factory>();
  const provided = new Map<string, unknown>(Object.entries({ zod: zodModule, syncline: sdk, nango: sdk, ...shared }));

  const require: Require = (name) => {
    if (!provided.has(name)) throw new Error(`A function cannot require "${name}".`);
    return provided.get(name);
  };

  return (hash: string, bundle: string | null): unknown => {
    const factory = bundle === null ? factories.get(hash) : compile(bundle, fileName(hash));
    if (factory === undefined) throw new Error(`The bundle ${hash} is not here.`);
    factories.set(hash, factory);
    zod.globalRegistry.clear(); // ids of the last run's schemas
    const module = { exports: {} as { default?: unknown } };
    factory(module, module.exports, require);
    return module.exports.default ?? module.exports;
  };
};
