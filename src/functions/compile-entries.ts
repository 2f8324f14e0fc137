// Which files of a folder are functions: those that index.ts imports, or without an index.ts those in the usual places.
import { glob, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { Problem } from "./compile.ts";

/** `file` is relative to the folder, with `/`. */
export type EntryPoint = { file: string; integration: string; name: string };

const INDEX = "index.ts";
const IMPORT = /^import\s+(["'])\.\/(.+?)(?:\.[jt]s)?\1/;
const PLACES = "*/{syncs,actions,on-events}/*.ts";
const NOT_FUNCTIONS = /\.(?:test|d)\.ts$|^node_modules\/|^\./;

const toEntry = (file: string): EntryPoint => ({
  file,
  integration: file.split("/")[0]!,
  name: path.posix.basename(file, ".ts"),
});

const isFile = async (name: string): Promise<boolean> => {
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

const importedFile = async (dir: string, target: string): Promise<{ entry: EntryPoint } | { message: string }> => {
  const file = `${path.posix.normalize(target)}.ts`;
  if (file.startsWith("../")) return { message: `"./${target}" is outside the folder.` };
  if (!file.includes("/")) return { message: `"./${target}" is in no integration's folder.` };
  if (!(await isFile(path.join(dir, file)))) return { message: `There is no file ${file}.` };
  return { entry: toEntry(file) };
};

const fromIndex = async (dir: string, text: string) => {
  const entries: EntryPoint[] = [];
  const problems: Problem[] = [];
  for (const [index, lineText] of text.split(/\r?\n/).entries()) {
    const target = IMPORT.exec(lineText)?.[2];
    if (target === undefined) continue;
    const place = { file: INDEX, line: index + 1, column: lineText.indexOf("./") + 1 };
    const found = await importedFile(dir, target);
    if ("message" in found) problems.push({ ...place, message: found.message });
    else if (!entries.some(({ file }) => file === found.entry.file)) entries.push(found.entry);
    else problems.push({ ...place, message: `${found.entry.file} is imported twice.` });
  }
  if (entries.length === 0 && problems.length === 0) {
    problems.push({ file: INDEX, message: "It imports no function: import './<integration>/syncs/<name>'" });
  }
  return { entries, problems };
};

const fromLayout = async (dir: string) => {
  const files = await Array.fromAsync(glob(PLACES, { cwd: dir }));
  const names = files.map((file) => file.split(path.sep).join("/")).filter((file) => !NOT_FUNCTIONS.test(file));
  const message = "There is no function here: neither an index.ts nor any <integration>/syncs/<name>.ts";
  const problems: Problem[] = names.length === 0 ? [{ file: ".", message }] : [];
  return { entries: names.sort().map(toEntry), problems };
};

/** The entry points in the order of index.ts, otherwise by name; only those of `integrations` where given. */
export const findEntryPoints = async (
  dir: string,
  integrations?: string[],
): Promise<{ entries: EntryPoint[]; problems: Problem[] }> => {
  const index = await readIndex(dir);
  const found = index === undefined ? await fromLayout(dir) : await fromIndex(dir, index);
  if (integrations === undefined) return found;
  const missing = integrations.filter((name) => !found.entries.some(({ integration }) => integration === name));
  const problems = missing.map((name): Problem => ({ file: ".", message: `There is no function of "${name}" here.` }));
  const entries = found.entries.filter(({ integration }) => integrations.includes(integration));
  return { entries, problems: [...found.problems, ...problems] };
};
