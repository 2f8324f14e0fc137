// Our package as its user gets it: packed, and installed by npm.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { onDisk } from "../helpers/temporary.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const LONGEST_MS = 240_000;
const MODULES = "node_modules";
const LOCK = ".package-lock.json";
const CACHE = `${MODULES}/.cache`;

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

const linkTree = (from: string, to: string, isWanted: (folder: string) => boolean): void => {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory() && isWanted(source)) linkTree(source, target, isWanted);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isFile()) linkSync(source, target);
  }
};

/**
 * Put our own packages where npm will look: it takes those that ours declares. Not those that only our tests need: to take
 * them away again is half of what npm does then.
 */
const offerPackages = (app: string): void => {
  const target = path.join(app, MODULES);
  const lock = JSON.parse(readFileSync(path.join(ROOT, MODULES, LOCK), "utf8"));
  const isOurs = ([, { dev }]: [string, { dev?: true }]) => dev !== true;
  const packages = Object.fromEntries(Object.entries<{ dev?: true }>(lock.packages).filter(isOurs));
  const unwanted = new Set([CACHE, ...Object.keys(lock.packages).filter((folder) => !(folder in packages))]);
  try {
    linkTree(path.join(ROOT, MODULES), target, (folder) => !unwanted.has(path.relative(ROOT, folder)));
    rmSync(path.join(target, LOCK)); // a link, which would be written through
    writeFileSync(path.join(target, LOCK), JSON.stringify({ ...lock, packages }));
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
