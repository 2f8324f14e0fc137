// Our package as its user gets it: packed, and installed by npm.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, linkSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { onDisk } from "../helpers/temporary.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const LONGEST_MS = 240_000;
const LOCK = ".package-lock.json"; // which npm writes in place
const CACHE = ".cache";

const run = async (dir: string, command: string, ...args: string[]): Promise<string> => {
  // What `npm test` tells its children about itself would make the npm in here take this repository for its own.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|SYNCLINE_)/.test(name)));
  const ran = promisify(execFile)(command, args, { cwd: dir, env, timeout: LONGEST_MS });
  const { stdout } = await ran.catch((error) => {
    throw new Error(`${command} ${args.join(" ")}:\n${error.stdout}\n${error.stderr}`, { cause: error });
  });
  return stdout;
};

const emptyFolder = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(path.join(onDisk(), "syncline-package-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
};

const linkTree = (from: string, to: string): void => {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.name === CACHE) continue;
    if (entry.name === LOCK) copyFileSync(source, target);
    else if (entry.isDirectory()) linkTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkSync(source, target);
  }
};

/** Put our own packages where npm will look: it takes those that ours declares, and removes all others. */
const offerPackages = (app: string): void => {
  const target = path.join(app, "node_modules");
  try {
    linkTree(path.join(ROOT, "node_modules"), target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    rmSync(target, { recursive: true }); // no links between file systems: npm installs them all
  }
};

/**
 * Pack, install, make a project, compile it and test it. From an empty folder npm unpacks 300 MB of dependencies, which is
 * 24 s of a core; with `offered` ones it is 4.
 */
export const packedWorks = async (t: TestContext, { offered }: { offered: boolean }): Promise<void> => {
  const folder = await emptyFolder(t);
  const tarball = (await run(ROOT, "npm", "pack", "--silent", "--pack-destination", folder)).trim();
  const app = path.join(folder, "app");
  await mkdir(app);
  if (offered) offerPackages(app);
  const quietly = ["--silent", "--prefer-offline", "--no-audit", "--no-fund"];
  await run(app, "npm", "install", ...quietly, path.join(folder, tarball));
  const made = await run(app, "npx", "--no-install", "syncline", "init", "my-integrations");
  assert.match(made, /^\+ acme\/syncs\/contacts\.ts$/m);
  const project = path.join(app, "my-integrations");
  assert.equal(await run(project, "npx", "syncline", "compile"), "2 functions of 1 integration compiled\n");
  assert.match(await run(project, "npx", "syncline", "test"), /\n2 passed, 0 failed, 0 skipped\n$/);
};
