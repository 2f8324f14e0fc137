// The published command line, as npm installs it. It is no dev dependency: its 395 packages are 220 MB, and `nango` is a
// name that our own functions import.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { onDisk } from "../helpers/temporary.ts";

const PROJECT = path.join(import.meta.dirname, "project");

const npmCi = async (dir: string): Promise<void> => {
  const child = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: dir });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, "close");
  if (code === 0) return;
  const said = Buffer.concat(chunks).toString().slice(-3000);
  throw new Error(`The published command line could not be installed, which takes a package registry:\n${said}`);
};

/** The folder of its node_modules: installed by the committed lock, once a machine, in 25 to 40 s. */
export const installCli = async (): Promise<string> => {
  const lock = await readFile(path.join(PROJECT, "package-lock.json"));
  const digest = createHash("sha256").update(lock).digest("hex").slice(0, 16);
  const installed = path.join(onDisk(), `syncline-published-cli-${digest}`);
  if (!existsSync(installed)) {
    const dir = await mkdtemp(`${installed}.`);
    try {
      await cp(PROJECT, dir, { recursive: true });
      await npmCi(dir);
      await rename(dir, installed);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (!existsSync(installed)) throw error; // else another process was quicker
    }
  }
  return path.join(installed, "node_modules");
};
