// The providers that this installation knows. An entry is read and checked when it is first asked for, so that a start does
// not wait for a thousand of them; `problems` and `check` look at all.
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { isObject, ownEntries, type RawEntry, readSource } from "./catalogue-files.ts";
import { notesOf } from "./notes.ts";
import { Provider } from "./schema.ts";

/** An entry that could not be used: where it stands, its name, and what is wrong with it. */
export type CatalogueProblem = { file: string; name: string; reason: string };

export type Catalogue = {
  get(name: string): Provider | undefined;
  /** All entries, sorted by name. */
  list(): { name: string; provider: Provider }[];
  /** Entries that were left out. */
  readonly problems: CatalogueProblem[];
  /** What an entry asks for that is not done here. */
  notes(name: string): string[];
  /** The same problems, looked for a few milliseconds at a time: a server answers meanwhile. */
  check(): Promise<CatalogueProblem[]>;
};

type Entry = RawEntry & { ours?: () => unknown };
type Entries = Map<string, Entry>;
type Outcome = { provider: Provider; notes: string[] } | { reason: string };

const ENTRIES_AT_A_TIME = 10; // about as many milliseconds
const Name = z.string().regex(/^[a-zA-Z0-9_-]+$/);
// Fields that only we have. A file's entry of the same name takes the place of ours in all others.
const OUR_FIELDS = ["webhook", "after_connecting"] as const;
const OUR_RETRY_FIELDS = ["limit_scope", "limit_paths"] as const;

const pick = (from: unknown, names: readonly string[]): Record<string, unknown> =>
  isObject(from) ? Object.fromEntries(names.flatMap((name) => (name in from ? [[name, from[name]]] : []))) : {};

const proxyOf = (entry: unknown): Record<string, unknown> =>
  isObject(entry) && isObject(entry.proxy) ? entry.proxy : {};

const withOurFields = (entry: Record<string, unknown>, ours: unknown): Record<string, unknown> => {
  const { retry, ...proxy } = proxyOf(entry);
  const limits = pick(proxyOf(ours).retry, OUR_RETRY_FIELDS);
  const isLimited = Object.keys(limits).length > 0;
  return {
    ...pick(ours, OUR_FIELDS),
    ...entry,
    ...(isLimited && { proxy: { ...proxy, retry: { ...limits, ...(isObject(retry) && retry) } } }),
  };
};

const readEntry = ({ read, ours }: Entry): Record<string, unknown> => {
  const entry = read();
  if (!isObject(entry)) throw new Error("the entry must be an object");
  return ours === undefined ? entry : withOurFields(entry, ours());
};

/** An alias takes over what its base says; of `proxy` it may replace single fields. Throws a reason. */
const resolve = (name: string, entries: Entries, seen: string[] = []): Record<string, unknown> => {
  const found = entries.get(name);
  if (found === undefined) throw new Error(`its alias ${name} does not exist`);
  const { alias, ...entry } = readEntry(found);
  if (typeof alias !== "string") return entry;
  if (seen.includes(name)) throw new Error(`its alias leads back to itself: ${[...seen, name].join(" → ")}`);
  const base = resolve(alias, entries, [...seen, name]);
  const proxy = isObject(base.proxy) && isObject(entry.proxy) ? { proxy: { ...base.proxy, ...entry.proxy } } : {};
  return { ...base, ...entry, ...proxy };
};

const describe = ({ path, message }: z.core.$ZodIssue): string => {
  const says = message.replace(/^Invalid input: expected (\w+), received undefined$/, "is missing; $1 is expected");
  return `${path.join(".") || "entry"}: ${says}`;
};

const load = (name: string, entries: Entries): Outcome => {
  try {
    if (!Name.safeParse(name).success) throw new Error("its name may only have letters, digits, _ and -");
    const raw = resolve(name, entries);
    const { data, error } = Provider.safeParse(raw);
    return error === undefined
      ? { provider: data, notes: notesOf(data, raw) }
      : { reason: error.issues.map(describe).join("; ") };
  } catch (error) {
    return { reason: (error as Error).message };
  }
};

/** Later entries of a name win over earlier ones. */
const collect = (sources: string[]): Entries => {
  const own = new Map(ownEntries().map((entry) => [entry.name, entry]));
  const entries: Entries = new Map(own);
  for (const entry of sources.flatMap(readSource)) {
    const ours = own.get(entry.name)?.read;
    entries.set(entry.name, { ...entry, ...(ours && { ours }) });
  }
  return entries;
};

/**
 * Our own entries and those of `files`: JSON or YAML files, folders and npm packages, see `readSource`. Of one name the last
 * counts, but for the fields that only ours have: webhook rules, what is asked after connecting, who shares a limit.
 * An entry that is wrong is left out and named in `problems`; a file that cannot be read throws `invalid_settings`.
 */
export const loadCatalogue = ({ files }: { files: string[] }): Catalogue => {
  const entries = collect(files);
  const names = [...entries.keys()].sort();
  const outcomes = new Map<string, Outcome>();
  const outcomeOf = (name: string): Outcome | undefined => {
    if (!outcomes.has(name) && entries.has(name)) outcomes.set(name, load(name, entries));
    return outcomes.get(name);
  };
  const get = (name: string): Provider | undefined => {
    const outcome = outcomeOf(name);
    return outcome !== undefined && "provider" in outcome ? outcome.provider : undefined;
  };
  let listed: { name: string; provider: Provider }[] | undefined;
  const problemOf = (name: string): CatalogueProblem[] => {
    const outcome = outcomeOf(name)!;
    return "reason" in outcome ? [{ file: entries.get(name)!.file, name, reason: outcome.reason }] : [];
  };
  return {
    get,
    list: () => {
      listed ??= names.flatMap((name) => {
        const provider = get(name);
        return provider === undefined ? [] : [{ name, provider }];
      });
      return listed;
    },
    get problems() {
      return names.flatMap(problemOf);
    },
    notes: (name) => {
      const outcome = outcomeOf(name);
      return outcome !== undefined && "notes" in outcome ? outcome.notes : [];
    },
    check: async () => {
      const found: CatalogueProblem[] = [];
      for (const [at, name] of names.entries()) {
        if (at % ENTRIES_AT_A_TIME === 0) await setImmediate();
        found.push(...problemOf(name));
      }
      return found;
    },
  };
};

/** The entries with `part` in their name, in any case. */
export const searchCatalogue = (catalogue: Catalogue, part: string): ReturnType<Catalogue["list"]> => {
  const wanted = part.toLowerCase();
  return catalogue.list().filter(({ name }) => name.toLowerCase().includes(wanted));
};
