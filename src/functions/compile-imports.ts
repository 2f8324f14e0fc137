// What a function may import: the SDK, zod, a few modules of Node that the isolate provides, and files of its own folder.
import path from "node:path";
import type { OnResolveArgs, OnResolveResult, Plugin } from "esbuild";

const PROVIDED = ["nango", "syncline", "zod", "url", "node:url", "crypto", "node:crypto"];

const refuse = (text: string): OnResolveResult => ({ errors: [{ text }] });

const isInside = (dir: string, file: string): boolean => {
  const relative = path.relative(dir, file);
  return relative !== "" && !relative.startsWith("..") && !path.isAbsolute(relative);
};

const resolveImport = (dir: string, { kind, path: name, resolveDir }: OnResolveArgs): OnResolveResult | undefined => {
  if (kind === "entry-point") return undefined;
  if (PROVIDED.includes(name)) return { path: name, external: true };
  if (!/^\.\.?(\/|$)/.test(name)) {
    return refuse(`"${name}" cannot be imported: a function may import ${PROVIDED.join(", ")} and relative paths.`);
  }
  return isInside(dir, path.resolve(resolveDir, name)) ? undefined : refuse(`"${name}" is outside the folder.`);
};

/** The esbuild plugin that refuses everything else, at the place of the import. */
export const allowedImports = (dir: string): Plugin => ({
  name: "allowed-imports",
  setup: ({ onResolve }) => onResolve({ filter: /.*/ }, (args) => resolveImport(dir, args)),
});
