// Bundling: one esbuild call for all entry points (1000 of them take 2 s; one call each takes twice that).
import path from "node:path";
import { type BuildFailure, build, type Message } from "esbuild";
import type { Problem } from "./compile.ts";
import type { EntryPoint } from "./compile-entries.ts";
import { allowedImports } from "./compile-imports.ts";

export type Bundled = { entry: EntryPoint; bundle: string };

const toProblem = ({ text, location }: Message): Problem => {
  if (location === null) return { file: ".", message: text };
  return { file: location.file, line: location.line, column: location.column + 1, message: text };
};

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && "errors" in error;

// Outputs are named by number and placed in the folder itself, so that the names in the source map are relative to it.
const outputs = (dir: string, entries: EntryPoint[]) =>
  entries.map(({ file }, index) => ({ in: path.join(dir, file), out: String(index) }));

/** A bundle for each entry point, or the problems and none. `zod`, the SDK and the few allowed modules are left to the isolate. */
export const bundleEntries = async (dir: string, entries: EntryPoint[]) => {
  if (entries.length === 0) return { bundles: [] as Bundled[], problems: [] as Problem[] };
  try {
    const { outputFiles } = await build({
      entryPoints: outputs(dir, entries),
      absWorkingDir: dir,
      outdir: dir,
      bundle: true,
      write: false,
      format: "cjs",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "node24",
      sourcemap: "inline",
      sourcesContent: false,
      preserveSymlinks: true,
      tsconfigRaw: {}, // the folder's own could switch off that imports of types only are dropped
      logLevel: "silent",
      plugins: [allowedImports(dir)],
    });
    const texts = new Map(outputFiles.map(({ path: name, text }) => [path.basename(name, ".js"), text]));
    const bundles = entries.map((entry, index): Bundled => ({ entry, bundle: texts.get(String(index))! }));
    return { bundles, problems: [] };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    return { bundles: [], problems: error.errors.map(toProblem) };
  }
};
