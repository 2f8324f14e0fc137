// From a folder of TypeScript to functions ready to deploy: find the entry points, bundle them, ask each what it is. What
// was compiled before and has not changed is not compiled again.
import { realpath } from "node:fs/promises";
import { bundleEntries } from "./compile-bundle.ts";
import { type Cache, createCache, type Unit } from "./compile-cache.ts";
import { createDescriber, type Describer } from "./compile-describe.ts";
import { type EntryPoint, findEntryPoints, type Wanted } from "./compile-entries.ts";
import { createInputs, type Inputs } from "./compile-inputs.ts";
import { duplicateProblems } from "./compile-names.ts";
import { createExamine, createParser } from "./compile-one.ts";
import { type Problem, withoutRepeats } from "./compile-problem.ts";
import type { CompiledFunction } from "./definition.ts";

export type { Problem } from "./compile-problem.ts";

/** What came of one entry point: `compiled` is absent when a problem of level error keeps it from being a function. */
export type Outcome = { entry: EntryPoint; compiled?: CompiledFunction; problems: Problem[] };

/** `problems` are those of all outcomes and of the folder as a whole; `functions` is all there is only when none is an error. */
export type Compiled = { functions: CompiledFunction[]; problems: Problem[]; outcomes: Outcome[] };

/** With `rules: "warn"` a function is there although its text breaks a rule, such as a missing await; see compile-rules.ts. */
export type CompileOptions = Wanted & { rules?: "error" | "warn" };

export type Compiler = ReturnType<typeof createCompiler>;

type Work = { root: string; cache: Cache; inputs: Inputs; describer: () => Promise<Describer>; isListed: boolean };

const compileStale = async (entries: EntryPoint[], o: Work): Promise<Outcome[]> => {
  const program = createParser(o.inputs);
  const outcomes: Outcome[] = [];
  for await (const { bundles, failed } of bundleEntries(o.root, entries)) {
    outcomes.push(...failed);
    if (bundles.length === 0) continue;
    const examine = createExamine({ program, describer: await o.describer(), isListed: o.isListed });
    for (const bundled of bundles) {
      const { compiled, problems } = await examine(bundled);
      if (compiled === undefined) outcomes.push({ entry: bundled.entry, problems });
      else {
        o.cache.store(bundled.entry, { compiled, problems }, bundled.inputs, o.inputs);
        outcomes.push({ entry: bundled.entry, compiled, problems });
      }
    }
  }
  return outcomes;
};

// What compiled has errors only where it breaks a rule.
const judge =
  (rules: CompileOptions["rules"]) =>
  ({ entry, compiled, problems }: Outcome): Outcome => {
    if (compiled === undefined) return { entry, problems };
    if (rules === "warn") return { entry, compiled, problems: problems.map((one) => ({ ...one, level: "warning" })) };
    return problems.some(({ level }) => level === "error") ? { entry, problems } : { entry, compiled, problems };
  };

const compileWith = async (
  { root, cache, describer }: Omit<Work, "inputs" | "isListed">,
  { rules, ...wanted }: CompileOptions,
): Promise<Compiled> => {
  const inputs = createInputs(root);
  const { entries, problems, isListed } = await findEntryPoints(root, wanted);
  const known = new Map(entries.map((entry): [string, Unit | undefined] => [entry.file, cache.load(entry, inputs)]));
  const stale = entries.filter(({ file }) => known.get(file) === undefined);
  const anew = await compileStale(stale, { root, cache, inputs, describer, isListed });
  const byFile = new Map(anew.map((outcome) => [outcome.entry.file, outcome]));
  const outcomes = entries
    .map((entry): Outcome => byFile.get(entry.file) ?? { entry, ...known.get(entry.file)! })
    .map(judge(rules));
  if (wanted.integrations === undefined && wanted.functions === undefined) cache.keepOnly(entries);
  const placed = outcomes.flatMap(({ entry: { file }, compiled }) =>
    compiled === undefined ? [] : [{ file, compiled }],
  );
  return {
    functions: placed.map(({ file, compiled }) => ({ ...compiled, code: inputs.text(file) })),
    problems: withoutRepeats([
      ...problems,
      ...outcomes.flatMap((outcome) => outcome.problems),
      ...duplicateProblems(placed, inputs),
    ]),
    outcomes,
  };
};

/**
 * A compiler that stays warm: `compile` after a change of one file takes a tenth of a second. It runs one compile at a time.
 * Rejects when `dir` is no folder. `close` ends its isolate, unless it was `given` one to ask in, which others may use too.
 */
export const createCompiler = ({ dir, given }: { dir: string; given?: Describer | undefined }) => {
  let warm: { root: string; cache: Cache } | undefined;
  let isolate: Promise<Describer> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const describer = async (): Promise<Describer> => {
    if (given !== undefined) return given;
    isolate ??= createDescriber();
    return await isolate;
  };

  const run = async (options: CompileOptions): Promise<Compiled> => {
    const root = warm?.root ?? (await realpath(dir));
    warm ??= { root, cache: createCache(root) };
    return await compileWith({ ...warm, describer }, options);
  };

  const compile = (options: CompileOptions = {}): Promise<Compiled> => {
    const done = last.then(() => run(options));
    last = done.catch(() => {});
    return done;
  };

  const close = async (): Promise<void> => {
    await last;
    await (await isolate)?.close();
  };

  return { compile, close };
};

/** Compile a folder once. Whatever the authors got wrong comes back as a problem with its place, all of it at once. */
export const compileFolder = async (dir: string, options: CompileOptions = {}): Promise<Compiled> => {
  const compiler = createCompiler({ dir });
  return await compiler.compile(options).finally(compiler.close);
};
