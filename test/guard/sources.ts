// The source files as the guards read them.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");

export type Source = { file: string; text: string };

/** The files that match a pattern relative to the repository, in order of name. */
export const readSources = (pattern: string): Source[] =>
  globSync(pattern, { cwd: ROOT })
    .sort()
    .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), "utf8") }));

/** SQL without its comments, so that words in them are not taken for code. */
export const withoutComments = (sql: string): string => sql.replace(/--[^\n]*/g, "");
