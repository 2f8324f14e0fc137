// `syncline init [dir]`: a folder of functions that works: an example that is tested, types, settings, and a guide for agents.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { AppError } from "../errors.ts";
import { isInstalledFor, packageSpec } from "./project/package.ts";
import { projectFiles } from "./project/scaffold.ts";

type Options = { install: boolean; json?: true };

const writeMissing = async (dir: string, files: Map<string, string>) => {
  const created: string[] = [];
  const kept: string[] = [];
  for (const [name, text] of files) {
    const file = path.join(dir, name);
    if (existsSync(file)) {
      kept.push(name);
      continue;
    }
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    created.push(name);
  }
  return { created, kept };
};

const install = async (dir: string): Promise<void> => {
  const npm = spawn("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: dir, stdio: "inherit" });
  const [code] = await once(npm, "exit");
  if (code === 0) return;
  throw new AppError("invalid_settings", `npm install failed in ${dir}; mend that and run it again.`);
};

const run = async (name: string, options: Options): Promise<void> => {
  const dir = path.resolve(name);
  const files = await projectFiles({ name: path.basename(dir), syncline: packageSpec(dir) });
  const { created, kept } = await writeMissing(dir, files);
  const isInstalled = isInstalledFor(dir);
  if (options.install && !isInstalled) await install(dir);
  if (options.json) {
    console.log(JSON.stringify({ dir, created, kept, installed: options.install || isInstalled }));
    return;
  }
  for (const file of created) console.log(`+ ${file}`);
  for (const file of kept) console.log(`= ${file}, kept as it was`);
  const relative = path.relative(process.cwd(), dir);
  const enter = relative === "" ? "" : `  cd ${relative.startsWith("..") ? dir : relative}\n`;
  console.log(
    `\nNext:\n${enter}  npx syncline test     the example, without a network\n  npx syncline start    a server with a Postgres of its own`,
  );
};

export const addInitCommand = (program: Command): void => {
  program
    .command("init")
    .description("make a folder of functions that works: example, tests, types, settings, a guide for agents")
    .argument("[dir]", "the folder; files that are there are kept", "syncline-integrations")
    .option("--no-install", "do not run npm install")
    .option("--json", "print JSON")
    .action(run);
};
