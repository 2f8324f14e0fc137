// What was compiled before, so that only what changed is compiled again: one small file per function in `.syncline/compiled`
// of the folder. Safe to delete at any time; what cannot be read, or is not what it says, counts as absent.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { version as esbuild } from "esbuild";
import type { EntryPoint } from "./compile-entries.ts";
import type { Inputs } from "./compile-inputs.ts";
import type { Problem } from "./compile-problem.ts";
import { type CompiledFunction, functionHash } from "./definition.ts";

/** A function with all that is to be said about its files: what one compile learnt about one entry point. */
export type Unit = { compiled: CompiledFunction; problems: Problem[] };

type Kept = Unit & { key: string; inputs: [file: string, digest: string][] };

export type Cache = ReturnType<typeof createCache>;

const PLACE = ".syncline/compiled";
const OWN_PARTS = ["", "sdk", "packages"];

const sha256 = (texts: string[]): string => {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex");
};

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

/** Changes with anything of ours that has a say in what comes out. */
const compilerVersion = (): string => {
  const { version: zod } = createRequire(import.meta.url)("zod/package.json") as { version: string };
  const folders = OWN_PARTS.map((part) => path.join(import.meta.dirname, part));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
  return sha256([zod, esbuild, ...files.sort().map((file) => readText(file) ?? "")]);
};

const fileNameOf = (file: string): string => `${sha256([file]).slice(0, 32)}.json`;

const isWhole = ({ compiled }: Kept, { integration, name }: EntryPoint): boolean =>
  compiled.integration === integration &&
  compiled.name === name &&
  compiled.hash === functionHash(compiled.bundle, compiled.definition);

/** A cache for one folder. What it has read or written it also remembers. */
export const createCache = (dir: string) => {
  const folder = path.join(dir, PLACE);
  const version = compilerVersion();
  const remembered = new Map<string, Kept>();

  const read = (entry: EntryPoint): Kept | undefined => {
    try {
      const kept = JSON.parse(readText(path.join(folder, fileNameOf(entry.file))) ?? "null") as Kept | null;
      return kept !== null && isWhole(kept, entry) ? kept : undefined;
    } catch {
      return undefined;
    }
  };

  const keyOf = ({ packageText }: Inputs): string => sha256([version, packageText]);

  /** Undefined when any file behind it is another than then. */
  const load = (entry: EntryPoint, inputs: Inputs): Unit | undefined => {
    const kept = remembered.get(entry.file) ?? read(entry);
    if (kept === undefined || kept.key !== keyOf(inputs)) return undefined;
    if (kept.inputs.some(([file, digest]) => inputs.digest(file) !== digest)) return undefined;
    remembered.set(entry.file, kept);
    return kept;
  };

  const write = (name: string, text: string): void => {
    try {
      const made = mkdirSync(folder, { recursive: true });
      if (made !== undefined) writeFileSync(path.join(folder, ".gitignore"), "*\n");
      writeFileSync(path.join(folder, name), text); // half of it counts as absent
    } catch {
      // A folder that cannot be written is compiled anew each time.
    }
  };

  const store = (entry: EntryPoint, { compiled, problems }: Unit, files: string[], inputs: Inputs): void => {
    if (files.some((file) => inputs.hasChangedSince(file))) return; // which of its texts was bundled?
    const digests = files.map((file): [string, string] => [file, inputs.digest(file) ?? ""]);
    const kept = { key: keyOf(inputs), compiled, problems, inputs: digests };
    remembered.set(entry.file, kept);
    write(fileNameOf(entry.file), JSON.stringify(kept));
  };

  /** Drop what was kept of all other entry points. */
  const keepOnly = (entries: EntryPoint[]): void => {
    const names = new Set([".gitignore", ...entries.map(({ file }) => fileNameOf(file))]);
    try {
      for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(path.join(folder, name), { force: true });
    } catch {
      // There is none, or it cannot be written.
    }
  };

  return { load, store, keepOnly };
};
