// How a new project gets this package: the way this copy of it was installed.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../../..");

const readJson = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));

/** The name and version of this package. */
export const ownVersion = (): string => String(readJson(path.join(ROOT, "package.json")).version);

/** True when a project in this folder finds the package already, in its own or an outer node_modules. */
export const isInstalledFor = (dir: string): boolean => {
  try {
    createRequire(path.join(dir, "package.json")).resolve("syncline/package.json");
    return true;
  } catch {
    return false;
  }
};

/** What npm noted down when it put us into a node_modules: a tarball or folder, or nothing for a published version. */
const installedFrom = (): string | undefined => {
  const modules = path.dirname(ROOT);
  const lock = path.join(modules, ".package-lock.json");
  if (path.basename(modules) !== "node_modules" || !existsSync(lock)) return undefined;
  const { packages } = readJson(lock) as { packages?: Record<string, { resolved?: string }> };
  const from = packages?.["node_modules/syncline"]?.resolved;
  return from?.startsWith("file:") ? path.resolve(modules, "..", from.slice("file:".length)) : undefined;
};

/** The version to write into the package.json of a project in `dir`, such as `^1.2.0` or `file:../syncline-1.2.0.tgz`. */
export const packageSpec = (dir: string): string => {
  const isSource = path.basename(path.dirname(ROOT)) !== "node_modules";
  const local = isSource ? ROOT : installedFrom();
  return local === undefined ? `^${ownVersion()}` : `file:${path.relative(dir, local)}`;
};
