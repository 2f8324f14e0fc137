// Compiled functions by version, kept in memory: a bundle is some 10 KB and is wanted at every run.
import type { Db } from "../db/fn.ts";
import { findBundle } from "../db/targets.ts";
import { AppError } from "../errors.ts";

const MOST_REMEMBERED = 2_000;

/** Loads a bundle by its function's id; a version never changes, so it is read once. */
export const createBundles = ({ db }: { db: Db }) => {
  const known = new Map<number, string>();
  return async (id: number): Promise<string> => {
    const found = known.get(id) ?? (await findBundle(db, { function: id }));
    if (found === null) throw new AppError("not_found", `the code of function ${id} is gone`);
    if (known.size >= MOST_REMEMBERED) known.delete(known.keys().next().value as number);
    known.set(id, found);
    return found;
  };
};
