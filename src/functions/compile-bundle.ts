// Bundling: one esbuild call for all entry points (1000 of them take 2 s; one call each takes twice that).
import path from "node:path";
import { chunk } from "es-toolkit/array/chunk";
import { type BuildFailure, type BuildOptions, build, type Location, type Message, type Metafile } from "esbuild";
import type { EntryPoint } from "./compile-entries.ts";
import { allowedImports } from "./compile-imports.ts";
import { createPackages, type Packages } from "./compile-packages.ts";
import type { Problem } from "./compile-problem.ts";

/** `inputs` are the files the bundle was made of, relative to the folder. */
export type Bundled = { entry: EntryPoint; bundle: string; inputs: string[]; problems: Problem[] };

const ENTRIES_PER_BUILD = 1000;

type Failed = { entry: EntryPoint; problems: Problem[] };

type Outcome = { bundles: Bundled[]; failed: Failed[] };

// esbuild counts bytes.
const columnOf = ({ lineText, column }: Location): number =>
  Buffer.from(lineText).subarray(0, column).toString().length + 1;

const toProblem =
  (level: Problem["level"]) =>
  ({ text, location }: Message): Problem => {
    if (location === null) return { level, file: ".", message: text };
    return { level, file: location.file, line: location.line, column: columnOf(location), message: text };
  };

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && "errors" in error;

// Outputs are named by number and placed in the folder itself, so that the names in the source map are relative to it.
const optionsFor = (dir: string, packages: Packages, entries: EntryPoint[]) =>
  ({
    entryPoints: entries.map(({ file }, index) => ({ in: path.join(dir, file), out: String(index) })),
    absWorkingDir: dir,
    outdir: dir,
    bundle: true,
    write: false,
    metafile: true,
    format: "cjs",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "node24",
    sourcemap: "inline",
    sourcesContent: false,
    preserveSymlinks: true,
    tsconfigRaw: {}, // the folder's own could switch off that imports of types only are dropped
    logLevel: "silent",
    logLimit: 0,
    plugins: [allowedImports(dir, packages)],
  }) satisfies BuildOptions;

const reachedFrom = (entry: string, { inputs }: Metafile): string[] => {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const { path: imported, external } of inputs[file]?.imports ?? []) if (!external) reached.add(imported);
  }
  return [...reached];
};

const buildAll = async (dir: string, packages: Packages, entries: EntryPoint[]): Promise<Bundled[]> => {
  const { outputFiles, metafile, warnings } = await build(optionsFor(dir, packages, entries));
  const texts = new Map(outputFiles.map(({ path: name, text }) => [path.basename(name, ".js"), text]));
  const said = warnings.map(toProblem("warning")).filter(({ file }) => !file.startsWith("package:"));
  return entries.map((entry, index) => {
    const reached = reachedFrom(entry.file, metafile);
    const problems = said.filter(({ file }) => reached.includes(file));
    return { entry, bundle: texts.get(String(index))!, inputs: packages.filesOf(reached), problems };
  });
};

const merged = (parts: Outcome[]): Outcome => ({
  bundles: parts.flatMap(({ bundles }) => bundles),
  failed: parts.flatMap(({ failed }) => failed),
});

/** An error ends the whole build without saying whose it is: leave out the files it names, otherwise try halves. */
const buildWhatBuilds = async (dir: string, packages: Packages, entries: EntryPoint[]): Promise<Outcome> => {
  if (entries.length === 0) return { bundles: [], failed: [] };
  try {
    return { bundles: await buildAll(dir, packages, entries), failed: [] };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const problems = error.errors.map(toProblem("error"));
    if (entries.length === 1) return { bundles: [], failed: [{ entry: entries[0]!, problems }] };
    const byFile = Map.groupBy(problems, ({ file }) => file);
    const [named = [], rest = []] = [true, false].map((isNamed) =>
      entries.filter(({ file }) => byFile.has(file) === isNamed),
    );
    const failed = named.map((entry) => ({ entry, problems: byFile.get(entry.file)! }));
    const middle = Math.ceil(rest.length / 2);
    const parts = named.length > 0 ? [rest] : [rest.slice(0, middle), rest.slice(middle)];
    const built: Outcome[] = [{ bundles: [], failed }];
    for (const part of parts) built.push(await buildWhatBuilds(dir, packages, part));
    return merged(built);
  }
};

/**
 * A bundle for each entry point that has one, and the problems of the others. `zod`, the SDK and a few modules are left to
 * the isolate. In parts, as the texts of thousands at once take hundreds of MB; the next is begun before one is handed out.
 */
export async function* bundleEntries(dir: string, entries: EntryPoint[]): AsyncGenerator<Outcome> {
  const packages = createPackages(dir);
  const parts = chunk(entries, ENTRIES_PER_BUILD).values();
  const begin = (): Promise<Outcome> | undefined => {
    const part = parts.next().value;
    const building = part && buildWhatBuilds(dir, packages, part);
    building?.catch(() => {}); // told when it is its turn
    return building;
  };
  for (let building = begin(); building !== undefined; ) {
    const outcome = await building;
    building = begin();
    yield outcome;
  }
}
