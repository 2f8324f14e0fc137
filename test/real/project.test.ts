// All our functions for real APIs on what these answered, by both ways in which users test theirs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { runSyncline } from "../commands/server.ts";
import { noFixtures } from "./fixtures.ts";
import { recordedProject } from "./project.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const VITEST = path.join(path.dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

// The project's own configuration, and where our packages lie before they are built and installed.
const CONFIG = `
import own from "./vite.config.ts";
const alias = [
  { find: /^(nango|syncline)\\/test$/, replacement: ${JSON.stringify(path.join(ROOT, "src/functions/fixtures/mock.ts"))} },
  { find: /^(nango|syncline)$/, replacement: ${JSON.stringify(path.join(ROOT, "src/functions/sdk/index.ts"))} },
];
export default { ...own, resolve: { alias }, test: { ...own.test, watch: false } };
`;

const runVitest = async (cwd: string): Promise<{ out: string; code: number | null }> => {
  const args = [VITEST, "run", "--root", cwd, "--config", path.join(cwd, "test.config.mjs")];
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, CI: "1" } });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { out: stripVTControlCharacters(out + err), code: child.exitCode };
};

test("every recorded answer becomes the recorded records through the engine", { skip: noFixtures }, async (t) => {
  const { dir, names } = recordedProject(t);
  const json = path.join(dir, "results.json");
  const { out, code } = await runSyncline(t, ["test", dir, "--json", json]);
  assert.equal(code, 0, out);
  const { functions } = JSON.parse(await readFile(json, "utf8")) as {
    functions: { integration: string; name: string; status: string; note?: string }[];
  };
  const passed = functions.filter(({ status, note }) => status === "passed" && note === undefined);
  assert.deepEqual(passed.map(({ integration, name }) => `${integration}/${name}`).sort(), names.sort());
});

test("the tests that are generated for them pass under vitest", { skip: noFixtures }, async (t) => {
  const { dir, names } = recordedProject(t);
  const generated = await runSyncline(t, ["generate:tests", dir, "--json"]);
  assert.equal(generated.code, 0, generated.out);
  assert.equal(JSON.parse(generated.out).written.length, names.length + 2);
  await writeFile(path.join(dir, "test.config.mjs"), CONFIG);
  const { out, code } = await runVitest(dir);
  assert.equal(code, 0, out);
  assert.match(out, new RegExp(`Test Files +${names.length} passed`));
});
