// What a function may import: the SDK, zod, a few modules of Node that the isolate provides, a few packages of its project's,
// and files of its own folder.
import path from "node:path";
import type { OnLoadResult, OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import type { Packages } from "./compile-packages.ts";

const PROVIDED = ["nango", "syncline", "zod", "url", "node:url", "crypto", "node:crypto"];
const PACKAGES = ["soap", "unzipper", "botbuilder"];
const NAMESPACE = "package";

const refuse = (text: string): OnResolveResult => ({ errors: [{ text }] });

const isInside = (dir: string, file: string): boolean => {
  const relative = path.relative(dir, file);
  return relative !== "" && !relative.startsWith("..") && !path.isAbsolute(relative);
};

const refusal = (name: string): string => {
  if (name === "nango/experimental") {
    return `"${name}" has only createFunction, which does not exist here: createSync, createAction and createOnEvent are in "nango".`;
  }
  if (name.startsWith("zod/")) return `"${name}" cannot be imported: import { z } from "zod", which is zod 4.`;
  const may = [...PROVIDED, ...PACKAGES].join(", ");
  return `"${name}" cannot be imported: a function may import ${may} and relative paths.`;
};

const resolveImport = (dir: string, packages: Packages, args: OnResolveArgs): OnResolveResult | undefined => {
  const { kind, path: name, resolveDir, namespace } = args;
  if (kind === "entry-point") return undefined;
  if (PROVIDED.includes(name)) return { path: name, external: true };
  if (namespace === NAMESPACE) return undefined;
  if (PACKAGES.includes(name)) {
    if (packages.isInstalled(name)) return { path: name, namespace: NAMESPACE };
    return refuse(`"${name}" is not installed in this project: npm install ${name}`);
  }
  if (!/^\.\.?(\/|$)/.test(name)) return refuse(refusal(name));
  return isInside(dir, path.resolve(resolveDir, name)) ? undefined : refuse(`"${name}" is outside the folder.`);
};

const loadPackage = async (packages: Packages, name: string): Promise<OnLoadResult> => {
  const { code, errors } = await packages.bundle(name);
  return errors.length === 0 ? { contents: code, loader: "js" } : { errors };
};

/** The esbuild plugin that refuses everything else, at the place of the import. */
export const allowedImports = (dir: string, packages: Packages): Plugin => ({
  name: "allowed-imports",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /.*/ }, (args) => resolveImport(dir, packages, args));
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path: name }) => loadPackage(packages, name));
  },
});
