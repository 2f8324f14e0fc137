// The ready-made functions as their user has them: copied into a project of their own, they compile without a warning and
// pass the type check that a new project begins with, and a stricter one.
import assert from "node:assert/strict";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { checkTypes } from "../../src/commands/project/types.ts";
import { compileFolder } from "../../src/functions/compile.ts";
import { folder } from "../functions/isolates.ts";
import { ROOT } from "../guard/sources.ts";

test("all ready-made functions compile and type-check in a project of their own, the strictest one too", async (t) => {
  const tsconfig = JSON.parse(await readFile(path.join(ROOT, "src/scaffold/tsconfig.json"), "utf8"));
  const dir = await folder(t, {});
  await cp(path.join(ROOT, "src/templates"), dir, { recursive: true });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(problems, []);
  assert.ok(functions.length >= 36, `${functions.length} functions`);
  await symlink(path.join(ROOT, "node_modules"), path.join(dir, "node_modules"));
  const { compilerOptions } = tsconfig;
  Object.assign(compilerOptions, {
    paths: { syncline: [path.join(ROOT, "src/functions/sdk/index.ts")] },
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    noImplicitReturns: true,
  });
  await writeFile(path.join(dir, "tsconfig.json"), JSON.stringify(tsconfig));
  assert.deepEqual(await checkTypes(dir), []);
});
