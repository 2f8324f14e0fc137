// The providers that this installation knows: our own entries in data/, and files in the published catalogue format.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { Provider } from "./schema.ts";

/** An entry that could not be used: where it stands, its name, and what is wrong with it. */
export type CatalogueProblem = { file: string; name: string; reason: string };

export type Catalogue = {
  get(name: string): Provider | undefined;
  /** All entries, sorted by name. */
  list(): { name: string; provider: Provider }[];
  /** Entries of the extra files that were left out. */
  problems: CatalogueProblem[];
};

type RawEntry = { file: string; entry: Record<string, unknown> };

const DATA = path.join(import.meta.dirname, "data");
const Name = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const readJson = (file: string): Record<string, unknown> => {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isObject(content)) return content;
  } catch (cause) {
    throw new AppError("invalid_settings", `The catalogue file ${file} cannot be read as JSON`, { cause });
  }
  throw new AppError("invalid_settings", `The catalogue file ${file} must hold an object of entries by name`);
};

const ownEntries = (): [string, RawEntry][] =>
  readdirSync(DATA)
    .filter((name) => name.endsWith(".json"))
    .map((name) => [path.basename(name, ".json"), { file: `data/${name}`, entry: readJson(path.join(DATA, name)) }]);

/** An alias takes over what its base says; of `proxy` it may replace single fields. Throws a reason. */
const resolve = (name: string, entries: Map<string, RawEntry>, seen: string[] = []): Record<string, unknown> => {
  const found = entries.get(name);
  if (found === undefined) throw new Error(`its alias ${name} does not exist`);
  const { alias, ...entry } = found.entry;
  if (typeof alias !== "string") return entry;
  if (seen.includes(name)) throw new Error(`its alias leads back to itself: ${[...seen, name].join(" → ")}`);
  const base = resolve(alias, entries, [...seen, name]);
  const proxy = isObject(base.proxy) && isObject(entry.proxy) ? { proxy: { ...base.proxy, ...entry.proxy } } : {};
  return { ...base, ...entry, ...proxy };
};

const validate = (name: string, entries: Map<string, RawEntry>): Provider => {
  if (!Name.safeParse(name).success) throw new Error("its name may only have letters, digits, _ and -");
  const result = Provider.safeParse(resolve(name, entries));
  if (result.success) return result.data;
  throw new Error(
    result.error.issues.map((issue) => `${issue.path.join(".") || "entry"}: ${issue.message}`).join("; "),
  );
};

/**
 * Load our own entries and those of `files` (JSON objects of entry by provider name; later files win over earlier ones).
 * An entry that is wrong is left out and named in `problems`; a file that cannot be read throws `invalid_settings`.
 */
export const loadCatalogue = ({ files }: { files: string[] }): Catalogue => {
  const entries = new Map(ownEntries());
  const problems: CatalogueProblem[] = [];
  for (const file of files) {
    for (const [name, entry] of Object.entries(readJson(file))) {
      if (isObject(entry)) entries.set(name, { file, entry });
      else problems.push({ file, name, reason: "the entry must be an object" });
    }
  }
  const providers = new Map<string, Provider>();
  for (const [name, { file }] of entries) {
    try {
      providers.set(name, validate(name, entries));
    } catch (error) {
      problems.push({ file, name, reason: (error as Error).message });
    }
  }
  const sorted = [...providers].map(([name, provider]) => ({ name, provider }));
  sorted.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { get: (name) => providers.get(name), list: () => sorted, problems };
};
