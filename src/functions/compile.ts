// From a folder of TypeScript to functions ready to deploy: find the entry points, bundle them, ask each what it is.
import { realpath } from "node:fs/promises";
import { bundleEntries } from "./compile-bundle.ts";
import { createDescriber } from "./compile-describe.ts";
import { type EntryPoint, findEntryPoints } from "./compile-entries.ts";
import type { CompiledFunction } from "./definition.ts";

/** `file` is relative to the folder; `line` and `column` count from 1. */
export type Problem = { file: string; line?: number | undefined; column?: number | undefined; message: string };

export type Compiled = { functions: CompiledFunction[]; problems: Problem[] };

type Placed = { entry: EntryPoint; compiled: CompiledFunction };

const repeated = (claims: { key: string; file: string; says: (other: string) => string }[]): Problem[] => {
  const firsts = new Map<string, string>();
  return claims.flatMap(({ key, file, says }) => {
    const other = firsts.get(key);
    if (other !== undefined) return [{ file, message: says(other) }];
    firsts.set(key, file);
    return [];
  });
};

const nameProblems = (placed: Placed[]): Problem[] =>
  repeated(
    placed.map(({ entry: { file }, compiled: { kind, integration, name } }) => ({
      key: JSON.stringify([kind, integration, name]),
      file,
      says: (other) => `There is another ${kind} "${name}" of "${integration}", in ${other}.`,
    })),
  );

const modelProblems = (placed: Placed[]): Problem[] =>
  repeated(
    placed.flatMap(({ entry: { file }, compiled: { integration, definition } }) =>
      Object.keys(definition.models).map((model) => ({
        key: JSON.stringify([integration, model]),
        file,
        says: (other: string) =>
          `The model "${model}" of "${integration}" is stored by another sync already, in ${other}.`,
      })),
    ),
  );

/**
 * Compile every function of the folder. Whatever the authors got wrong comes back as a problem with its place, all of it
 * at once; `functions` holds what compiled, which is everything only when there are no problems. `integrations` leaves all
 * others aside. Rejects when `dir` is no folder.
 */
export const compileFolder = async (
  dir: string,
  o: { integrations?: string[] | undefined } = {},
): Promise<Compiled> => {
  const root = await realpath(dir);
  const { entries, problems } = await findEntryPoints(root, o.integrations);
  const bundled = await bundleEntries(root, entries);
  problems.push(...bundled.problems);
  const placed: Placed[] = [];
  const describer = await createDescriber();
  try {
    for (const { entry, bundle } of bundled.bundles) {
      const described = await describer.describe(entry, bundle);
      problems.push(...described.problems);
      if (described.compiled !== undefined) placed.push({ entry, compiled: described.compiled });
    }
  } finally {
    await describer.close();
  }
  problems.push(...nameProblems(placed), ...modelProblems(placed));
  return { functions: placed.map(({ compiled }) => compiled), problems };
};
