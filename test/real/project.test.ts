// All our functions for real APIs on what these answered, by both ways in which users test theirs.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { runSyncline } from "../commands/server.ts";
import { runVitest } from "../helpers/vitest.ts";
import { noFixtures } from "./fixtures.ts";
import { recordedProject } from "./project.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

// The project's own configuration, and where our packages lie before they are built and installed.
const CONFIG = `
import own from "./vite.config.ts";
const alias = [
  { find: /^(nango|syncline)\\/test$/, replacement: ${JSON.stringify(path.join(ROOT, "src/functions/fixtures/mock.ts"))} },
  { find: /^(nango|syncline)$/, replacement: ${JSON.stringify(path.join(ROOT, "src/functions/sdk/index.ts"))} },
];
export default { ...own, resolve: { alias }, test: { ...own.test, watch: false } };
`;

test("every recorded answer becomes the recorded records through the engine", { skip: noFixtures }, async (t) => {
  const { dir, names } = recordedProject(t);
  const json = path.join(dir, "results.json");
  const { out, code } = await runSyncline(t, ["test", dir, "--validate", "--json", json]);
  assert.match(out, new RegExp(`\\n${names.length} passed, 0 failed, \\d+ skipped\\n$`));
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
  const { out, code } = await runVitest(dir, "--config", path.join(dir, "test.config.mjs"));
  assert.equal(code, 0, out);
  assert.match(out, new RegExp(`Test Files +${names.length} passed`));
});
