// Our ready-made functions, as a server offers them: compiled when somebody first asks for those of a provider.
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { compileApart } from "./compile-apart.ts";
import type { CompiledFunction } from "./definition.ts";

const TEMPLATES = path.resolve(import.meta.dirname, "../templates");

const compileAll = async (provider: string): Promise<CompiledFunction[]> => {
  const folders = await readdir(TEMPLATES);
  if (!folders.includes(provider)) return [];
  const dir = await mkdtemp(path.join(os.tmpdir(), "syncline-templates-")); // the compiler writes beside its sources
  try {
    await cp(path.join(TEMPLATES, provider), path.join(dir, provider), { recursive: true });
    return (await compileApart(dir)).functions;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

const known = new Map<string, Promise<CompiledFunction[]>>();

/** The ready-made functions for a provider, their integration named after it; none for a provider without. Remembered. */
export const templatesOf = (provider: string): Promise<CompiledFunction[]> => {
  const found = known.get(provider);
  if (found !== undefined) return found;
  const compiling = compileAll(provider);
  known.set(provider, compiling);
  compiling.catch(() => known.delete(provider));
  return compiling;
};
