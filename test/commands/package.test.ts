// The package as it is published: packed, installed into an empty folder, and used there by somebody new to it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";

const ROOT = path.resolve(import.meta.dirname, "../..");
const LONGEST_MS = 240_000;

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
  const folder = await mkdtemp(path.join(tmpdir(), "syncline-package-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
};

test("packed and installed in an empty folder, it makes a project whose example compiles and passes", async (t) => {
  const folder = await emptyFolder(t);
  const tarball = (await run(ROOT, "npm", "pack", "--silent", "--pack-destination", folder)).trim();
  const app = path.join(folder, "app");
  await mkdir(app);
  await run(
    app,
    "npm",
    "install",
    "--silent",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    path.join(folder, tarball),
  );
  const made = await run(app, "npx", "--no-install", "syncline", "init", "my-integrations");
  assert.match(made, /^\+ acme\/syncs\/contacts\.ts$/m);
  const project = path.join(app, "my-integrations");
  assert.equal(await run(project, "npx", "syncline", "compile"), "2 functions of 1 integration compiled\n");
  assert.match(await run(project, "npx", "syncline", "test"), /\n2 passed, 0 failed, 0 skipped\n$/);
});
