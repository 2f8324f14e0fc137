// The tests that are generated for all our functions, run by vitest as their user runs them.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { TestContext } from "node:test";
import { runSyncline } from "../commands/server.ts";
import { runVitest } from "../helpers/vitest.ts";
import { recordedProject } from "./project.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

// The project's own configuration, and where our packages lie before they are built and installed.
const configOf = (isolate: boolean): string => `
import own from "./vite.config.ts";
const alias = [
  { find: /^(nango|syncline)\\/test$/, replacement: ${JSON.stringify(path.join(ROOT, "src/functions/fixtures/mock.ts"))} },
  { find: /^(nango|syncline)$/, replacement: ${JSON.stringify(path.join(ROOT, "src/functions/sdk/index.ts"))} },
];
export default { ...own, resolve: { alias }, test: { ...own.test, watch: false, isolate: ${isolate} } };
`;

/** With `isolate` each file has a process of its own, as vitest does unless told otherwise: 14 s of a core instead of 2. */
export const generatedTestsPass = async (t: TestContext, { isolate }: { isolate: boolean }): Promise<void> => {
  const { dir, names } = recordedProject(t);
  const generated = await runSyncline(t, ["generate:tests", dir, "--json"]);
  assert.equal(generated.code, 0, generated.out);
  assert.equal(JSON.parse(generated.out).written.length, names.length + 2);
  await writeFile(path.join(dir, "test.config.mjs"), configOf(isolate));
  const { out, code } = await runVitest(dir, "--config", path.join(dir, "test.config.mjs"));
  assert.equal(code, 0, out);
  assert.match(out, new RegExp(`Test Files +${names.length} passed`));
};
