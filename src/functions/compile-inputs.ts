// What a bundle was made from, as one text per file that changes when the bundle could: each file is read once per compile.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

export type Inputs = ReturnType<typeof createInputs>;

const QUIET = { throwIfNoEntry: false } as const;

const stemOf = (file: string): string => path.basename(file).split(".")[0]!;

const memo = <T>(make: (key: string) => T): ((key: string) => T) => {
  const made = new Map<string, T>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

/** Of the package.json that says whether the folder's files are modules, which decides how imports are read. */
const nearestPackage = (dir: string): string => {
  const parent = path.dirname(dir);
  return readText(path.join(dir, "package.json")) ?? (parent === dir ? "" : nearestPackage(parent));
};

/**
 * Files are named relative to the folder. `digest` gives undefined for one that is not there; `hasChangedSince` says whether
 * it was written after this was made.
 */
export const createInputs = (dir: string) => {
  const startedAt = Date.now();
  const stemsIn = memo((folder) => Map.groupBy(namesIn(folder).sort(), stemOf));

  // `./models` is found by trying names: a models.js beside models.ts, or a models.ts beside models/index.ts, could win.
  const rivals = (file: string): string[] => {
    const folder = path.dirname(file);
    const own = stemsIn(folder).get(stemOf(file)) ?? [];
    return stemOf(file) === "index" ? [...own, ...(stemsIn(path.dirname(folder)).get(stemOf(folder)) ?? [])] : own;
  };

  const read = memo((file): Buffer | undefined => {
    try {
      return readFileSync(path.resolve(dir, file));
    } catch {
      return undefined;
    }
  });

  const digest = memo((file): string | undefined => {
    const content = read(file);
    if (content === undefined) return undefined;
    const hash = createHash("sha256").update(content);
    return hash.update(JSON.stringify(rivals(path.resolve(dir, file)))).digest("base64");
  });

  const hasChangedSince = memo((file) => (statSync(path.resolve(dir, file), QUIET)?.mtimeMs ?? startedAt) >= startedAt);

  return {
    digest,
    hasChangedSince,
    packageText: nearestPackage(dir),
    text: (file: string): string => read(file)?.toString("utf8") ?? "",
  };
};
