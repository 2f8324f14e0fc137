// The few npm packages that functions may use: bundled from the project's own node_modules, without what a function does not
// have. Modules of Node are replaced by plain JavaScript ones, so that nothing of the host's comes into the isolate; what
// needs files or the network can be imported, and says at its first use that it is not there.
import { createRequire } from "node:module";
import path from "node:path";
import { type BuildFailure, build, type PartialMessage } from "esbuild";
import { nodeModules } from "./compile-node-modules.ts";

type Package = { code: string; files: string[]; errors: PartialMessage[] };

export type Packages = ReturnType<typeof createPackages>;

/**
 * Positions in a package are of no use to its user, and would double the bundle: a source map that knows an empty first
 * line and nothing else.
 */
const withoutPositions = (name: string, code: string): string => {
  const map = JSON.stringify({ version: 3, sources: [name], names: [], mappings: "AAAA" });
  return `\n${code}//# sourceMappingURL=data:application/json,${encodeURIComponent(map)}\n`;
};

const buildPackage = async (dir: string, name: string, resolveDir: string): Promise<Package> => {
  try {
    const { outputFiles, metafile } = await build({
      stdin: { contents: `module.exports = require("${name}");`, resolveDir },
      absWorkingDir: dir,
      bundle: true,
      write: false,
      metafile: true,
      format: "cjs",
      platform: "browser",
      mainFields: ["module", "main"], // what is made for browsers counts on more than a function has
      target: "node24",
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: "none",
      tsconfigRaw: {},
      logLevel: "silent",
      ...nodeModules(),
    });
    const files = Object.keys(metafile.inputs).filter((file) => !file.includes(":") && file !== "<stdin>");
    return { code: withoutPositions(name, outputFiles[0]!.text), files, errors: [] };
  } catch (error) {
    const errors = (error as Partial<BuildFailure>).errors;
    if (errors === undefined) throw error;
    const says = errors.map(({ text, location }) => `${location?.file ?? name}: ${text}`);
    return { code: "", files: [], errors: says.map((text) => ({ text: `"${name}" cannot be bundled: ${text}` })) };
  }
};

const isResolvable = (name: string, from: string): boolean => {
  try {
    return path.isAbsolute(createRequire(path.join(from, "index.js")).resolve(name));
  } catch {
    return false;
  }
};

/**
 * Each package is bundled once, when the first function imports it: the one of the folder's project, or the one installed
 * beside us, as a folder of functions alone may have been written where the platform brought it along.
 */
export const createPackages = (dir: string) => {
  const built = new Map<string, Promise<Package>>();
  const files = new Map<string, string[]>();

  const placeOf = (name: string): string | undefined =>
    [dir, import.meta.dirname].find((place) => isResolvable(name, place));
  const isInstalled = (name: string): boolean => placeOf(name) !== undefined;

  const bundle = async (name: string): Promise<Package> => {
    const started = built.get(name) ?? buildPackage(dir, name, placeOf(name) ?? dir);
    built.set(name, started);
    const done = await started;
    files.set(`package:${name}`, done.files);
    return done;
  };

  /** The files behind the inputs of a bundle, those of packages among them. */
  const filesOf = (inputs: string[]): string[] => inputs.flatMap((input) => files.get(input) ?? [input]);

  return { isInstalled, bundle, filesOf };
};
