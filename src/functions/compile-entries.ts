// Which files of a folder are functions: those that index.ts imports, or without an index.ts those in the usual places.
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { Problem } from "./compile-problem.ts";

/** `file` is relative to the folder, with `/`. */
export type EntryPoint = { file: string; integration: string; name: string };

/** Functions to compile, all others being left aside. */
export type Wanted = {
  integrations?: string[] | undefined;
  functions?: { integration: string; name: string }[] | undefined;
};

/** `isListed` when an index.ts names them: then each is meant to be a function. */
type Found = { entries: EntryPoint[]; problems: Problem[]; isListed: boolean };

const INDEX = "index.ts";
const IMPORT = /^\s*import\s+(["'])\.\/(.+?)(?:\.[jt]s)?\1/;
const BLOCK_COMMENT = /^[ \t]*\/\*[\s\S]*?\*\//gm;
const PLACES = ["syncs", "actions", "on-events"];
const FUNCTION = /^(?!\.).*(?<!\.(?:test|spec|d))\.ts$/;
const INTEGRATION = /^(?!\.|node_modules$)/;

const toEntry = (file: string): EntryPoint => ({
  file,
  integration: file.split("/")[0]!,
  name: path.posix.basename(file, ".ts"),
});

/** True for a file, false for a folder and for nothing. */
export const isFile = async (name: string): Promise<boolean> => {
  try {
    return (await stat(name)).isFile();
  } catch {
    return false;
  }
};

const readIndex = async (dir: string): Promise<string | undefined> => {
  const name = path.join(dir, INDEX);
  return (await isFile(name)) ? await readFile(name, "utf8") : undefined;
};

/** Its lines, without a byte order mark and without comments that span lines. */
const linesOf = (text: string): string[] =>
  text
    .replace(/^\uFEFF/, "")
    .replace(BLOCK_COMMENT, (comment) => comment.replace(/[^\r\n]/g, " "))
    .split(/\r?\n/);

const importedFile = async (dir: string, target: string): Promise<{ entry: EntryPoint } | { message: string }> => {
  const file = `${path.posix.normalize(target)}.ts`;
  if (file.startsWith("../")) return { message: `"./${target}" is outside the folder.` };
  if (!file.includes("/")) return { message: `"./${target}" is in no integration's folder.` };
  if (!(await isFile(path.join(dir, file)))) return { message: `There is no file ${file}.` };
  return { entry: toEntry(file) };
};

const fromIndex = async (dir: string, text: string): Promise<Found> => {
  const entries: EntryPoint[] = [];
  const problems: Problem[] = [];
  for (const [index, lineText] of linesOf(text).entries()) {
    const target = IMPORT.exec(lineText)?.[2];
    if (target === undefined) continue;
    const place = { file: INDEX, line: index + 1, column: lineText.indexOf("./") + 1 };
    const found = await importedFile(dir, target);
    if ("message" in found) problems.push({ level: "error", ...place, message: found.message });
    else if (!entries.some(({ file }) => file === found.entry.file)) entries.push(found.entry);
    else problems.push({ level: "warning", ...place, message: `${found.entry.file} is imported twice.` });
  }
  if (entries.length === 0 && problems.length === 0) {
    const message = "It imports no function: import './<integration>/syncs/<name>'";
    problems.push({ level: "error", file: INDEX, message });
  }
  return { entries, problems, isListed: true };
};

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

const fromLayout = async (dir: string): Promise<Found> => {
  const integrations = (await namesIn(dir)).filter((name) => INTEGRATION.test(name));
  const folders = integrations.flatMap((integration) => PLACES.map((place) => `${integration}/${place}`));
  const files = await Promise.all(
    folders.map(async (folder) => (await namesIn(path.join(dir, folder))).map((name) => ({ folder, name }))),
  );
  const names = files.flat().flatMap(({ folder, name }) => (FUNCTION.test(name) ? [`${folder}/${name}`] : []));
  const message = "There is no function here: neither an index.ts nor any <integration>/syncs/<name>.ts";
  const problems: Problem[] = names.length === 0 ? [{ level: "error", file: ".", message }] : [];
  return { entries: names.sort().map(toEntry), problems, isListed: false };
};

const missing = (message: string): Problem => ({ level: "error", file: ".", message });

const keyOf = ({ integration, name }: { integration: string; name: string }): string =>
  JSON.stringify([integration, name]);

const only = ({ entries, problems, isListed }: Found, { integrations, functions }: Wanted): Found => {
  const there = new Set(entries.flatMap((entry) => [entry.integration, keyOf(entry)]));
  const absent = [
    ...(integrations ?? []).filter((name) => !there.has(name)).map((name) => `There is no function of "${name}" here.`),
    ...(functions ?? [])
      .filter((one) => !there.has(keyOf(one)))
      .map(({ integration, name }) => `There is no function "${name}" of "${integration}" here.`),
  ];
  const chosen = functions && new Set(functions.map(keyOf));
  const wanted = entries.filter(
    (entry) =>
      (integrations === undefined || integrations.includes(entry.integration)) &&
      (chosen === undefined || chosen.has(keyOf(entry))),
  );
  return { entries: wanted, problems: [...problems, ...absent.map(missing)], isListed };
};

/** The entry points in the order of index.ts, otherwise by name. */
export const findEntryPoints = async (dir: string, wanted: Wanted = {}): Promise<Found> => {
  const index = await readIndex(dir);
  return only(index === undefined ? await fromLayout(dir) : await fromIndex(dir, index), wanted);
};
