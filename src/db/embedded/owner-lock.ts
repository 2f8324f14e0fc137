// One process owns a data folder. The lock is a file with the owner's pid and start time, put in place by link(2), which
// fails when the name exists. A lock whose owner is dead is replaced under a second lock of the same kind and only after
// reading it again, so that of several processes that see the stale lock one wins and none removes a live one.
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { AppError } from "../../errors.ts";
import { startOf } from "./processes.ts";

/** Gives the lock back. */
export type Release = () => void;

// A lock on the takeover of a lock on …: each level needs another process to have died within microseconds.
const DEEPEST_TAKEOVER = 3;

const read = (file: string): string | null => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
};

const linkInPlace = (from: string, file: string): boolean => {
  try {
    linkSync(from, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
};

const ownerOf = (content: string): number | null => {
  const [pid, start] = content.split("\n");
  return start !== undefined && startOf(Number(pid)) === start ? Number(pid) : null;
};

const refuse = (file: string, owner: number): never => {
  throw new AppError("data_folder_in_use", `process ${owner} uses this data folder (its lock is ${file})`);
};

const replaceStale = (file: string, stale: string, own: string, depth: number): boolean => {
  if (depth === DEEPEST_TAKEOVER) throw new AppError("data_folder_in_use", `remove ${file} and try again`);
  const release = acquire(`${file}.takeover`, depth + 1);
  try {
    if (read(file) !== stale) return false;
    renameSync(own, file);
    return true;
  } finally {
    release();
  }
};

const acquire = (file: string, depth: number): Release => {
  const content = `${process.pid}\n${startOf(process.pid)}\n${randomUUID()}\n`;
  const own = `${file}.${randomUUID()}`;
  writeFileSync(own, content, { mode: 0o644 });
  try {
    while (!linkInPlace(own, file)) {
      const found = read(file);
      if (found === null) continue;
      const owner = ownerOf(found);
      if (owner !== null) refuse(file, owner);
      if (replaceStale(file, found, own, depth)) break;
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (read(file) === content) rmSync(file, { force: true });
  };
};

/** Take the lock, or throw data_folder_in_use that names the process that has it. */
export const takeOwnerLock = (file: string): Release => acquire(file, 0);
