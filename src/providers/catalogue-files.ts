// Where entries come from: our own in data/, and files, folders and npm packages in the published catalogue format.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { AppError } from "../errors.ts";

/** An entry as it stands in its file: read when it is first asked for. */
export type RawEntry = { file: string; name: string; read: () => unknown };

const DATA = path.join(import.meta.dirname, "data");
const PACKAGE = /^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/;
const PACKAGE_FILES = ["providers.yaml", "providers.yml", "providers.json"];
const IS_YAML = /\.ya?ml$/;

// Loaded when there is a YAML file: 50 ms.
const yaml = () => createRequire(import.meta.url)("yaml") as typeof import("yaml");

/** True for an object that is no list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const refuse = (says: string, cause?: unknown): AppError => new AppError("invalid_settings", says, { cause });

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

const TOP = /^[^\s#][^\n]*$/gm;
const KEY = /^(["']?)([^"'\s:]+)\1:\s*(#.*)?$/;
const SHARES_PARTS = /(:|^\s*-)\s+[&*][a-zA-Z]|<<:/m;

// Entry by entry: the published file takes 0.6 to 1 s as a whole, 2 ms to take apart, and half a millisecond an entry, of
// which an installation uses a few. Null where its entries cannot be told apart by their lines.
const takeApart = (file: string, text: string): RawEntry[] | null => {
  const starts = [...text.matchAll(TOP)];
  const names = starts.map(([line]) => KEY.exec(line)?.[2]);
  if (names.includes(undefined) || SHARES_PARTS.test(text)) return null;
  return starts.map(({ index }, at) => {
    const part = text.slice(index, starts[at + 1]?.index);
    const read = (): unknown => Object.values(yaml().parse(part, { prettyErrors: false }) as object)[0];
    return { file, name: names[at]!, read };
  });
};

const parse = (file: string, text: string): unknown => {
  const isYaml = IS_YAML.test(file);
  try {
    return isYaml ? yaml().parse(text) : JSON.parse(text);
  } catch (cause) {
    const says = `The catalogue file ${file} cannot be read as ${isYaml ? "YAML" : "JSON"}`;
    throw refuse(`${says}: ${(cause as Error).message}`, cause);
  }
};

const readFile = (file: string): RawEntry[] => {
  const text = readFileSync(file, "utf8");
  const apart = IS_YAML.test(file) ? takeApart(file, text) : null;
  if (apart !== null && apart.length > 0) return apart;
  const content = parse(file, text);
  if (!isObject(content)) throw refuse(`The catalogue file ${file} must hold an object of entries by name`);
  // A file of a single entry is named like it.
  const isSingle = typeof content.auth_mode === "string" || typeof content.alias === "string";
  const entries = isSingle ? { [path.parse(file).name]: content } : content;
  return Object.entries(entries).map(([name, entry]) => ({ file, name, read: () => entry }));
};

const readFolder = (folder: string): RawEntry[] =>
  readdirSync(folder)
    .filter((name) => /\.(json|ya?ml)$/.test(name))
    .sort()
    .flatMap((name) => readFile(path.join(folder, name)));

/** The file of an installed package, looked for as Node looks for it: from `folder` upwards. */
const findPackage = (name: string, folder: string): string | undefined => {
  const places = PACKAGE_FILES.map((file) => path.join(folder, "node_modules", name, file));
  const found = places.find((place) => existsSync(place));
  const above = path.dirname(folder);
  return found ?? (above === folder ? undefined : findPackage(name, above));
};

/**
 * The entries of one part of SYNCLINE_PROVIDERS: a JSON or YAML file, a folder of them, or an npm package with a
 * `providers.yaml`, installed in the working folder or beside us. Throws `invalid_settings` for anything else.
 */
export const readSource = (source: string): RawEntry[] => {
  const kind = statSync(source, { throwIfNoEntry: false });
  if (kind?.isDirectory()) return readFolder(source);
  if (kind !== undefined) return readFile(source);
  if (!PACKAGE.test(source)) throw refuse(`SYNCLINE_PROVIDERS: there is no file or folder ${source}`);
  const found = findPackage(source, process.cwd()) ?? findPackage(source, import.meta.dirname);
  if (found !== undefined) return readFile(found);
  throw refuse(
    `SYNCLINE_PROVIDERS: ${source} is no file, no folder and no installed package with a providers.yaml; try: npm install ${source}`,
  );
};

/** Our own entries, one file each. */
export const ownEntries = (): RawEntry[] =>
  readdirSync(DATA)
    .filter((name) => name.endsWith(".json"))
    .map((name) => {
      const read = once(() => parse(`data/${name}`, readFileSync(path.join(DATA, name), "utf8")));
      return { file: `data/${name}`, name: path.basename(name, ".json"), read };
    });
