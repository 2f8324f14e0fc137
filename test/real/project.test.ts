// All our functions for real APIs on what these answered, by both ways in which users test theirs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { runSyncline } from "../commands/server.ts";
import { noFixtures } from "./fixtures.ts";
import { generatedTestsPass } from "./generated.ts";
import { recordedProject } from "./project.ts";

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

test("the tests that are generated for them pass under vitest, all in one process", { skip: noFixtures }, (t) =>
  generatedTestsPass(t, { isolate: false }),
);
