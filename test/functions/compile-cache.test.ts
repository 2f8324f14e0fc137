import assert from "node:assert/strict";
import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { compileFolder as compileAlone, createCompiler } from "../../src/functions/compile.ts";
import { createCache } from "../../src/functions/compile-cache.ts";
import { findEntryPoints } from "../../src/functions/compile-entries.ts";
import { createInputs } from "../../src/functions/compile-inputs.ts";
import { compileFolder } from "../helpers/compile.ts";
import { folder } from "./isolates.ts";

const sync = (model: string, value = "1"): string => `import { createSync } from "nango";
import { z } from "zod";
import { helper } from "../helper";
export default createSync({
  description: "All of them", frequency: "every hour", models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => { await nango.log(helper + ${value}); },
});
`;

const FILES = {
  "a/syncs/one.ts": sync("One"),
  "a/syncs/two.ts": sync("Two"),
  "a/helper.ts": "export const helper = 'x';",
};

/** Files as if they had been there for a while. */
const settled = async (dir: string): Promise<void> => {
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const file of files.filter((one) => one.isFile() && !one.parentPath.includes(".syncline"))) {
    await utimes(path.join(file.parentPath, file.name), 1, 1);
  }
};

const write = async (dir: string, file: string, text: string): Promise<void> => {
  await writeFile(path.join(dir, file), text);
  await settled(dir);
};

/** Which functions a compile would take from the cache. */
const known = async (dir: string): Promise<string[]> => {
  const inputs = createInputs(dir);
  const cache = createCache(dir);
  const { entries } = await findEntryPoints(dir);
  return entries.filter((entry) => cache.load(entry, inputs) !== undefined).map(({ name }) => name);
};

const compiledFolder = async (t: Parameters<typeof folder>[0], files: Record<string, string> = FILES) => {
  const dir = await folder(t, files);
  await settled(dir);
  return { dir, compiled: await compileFolder(dir) };
};

test("what has not changed is taken from the cache, and is the same", async (t) => {
  const { dir, compiled } = await compiledFolder(t);
  assert.deepEqual(await known(dir), ["one", "two"]);
  assert.deepEqual(await compileFolder(dir), compiled);
  await write(dir, "a/syncs/one.ts", sync("One", "2"));
  assert.deepEqual(await known(dir), ["two"]);
  const again = await compileFolder(dir);
  assert.notEqual(again.functions[0]?.hash, compiled.functions[0]?.hash);
  assert.deepEqual(again.functions[1], compiled.functions[1]);
});

test("a changed helper, a file that would be found instead of it, and another package.json are changes", async (t) => {
  const changes: [string, string, string[]][] = [
    ["a/helper.ts", "export const helper = 'y';", []],
    ["a/helper.js", "export const helper = 'z';", []],
    ["package.json", `{ "type": "module" }`, []],
    ["a/other.ts", "export const other = 1;", ["one", "two"]],
  ];
  for (const [file, text, names] of changes) {
    const { dir } = await compiledFolder(t);
    await write(dir, file, text);
    assert.deepEqual(await known(dir), names, file);
  }
  const { dir } = await compiledFolder(t);
  await rm(path.join(dir, "a/helper.ts"));
  assert.deepEqual(await known(dir), []);
});

test("a file written while it was compiled is not remembered", async (t) => {
  const dir = await folder(t, FILES);
  await settled(dir);
  await utimes(path.join(dir, "a/syncs/two.ts"), 4e9, 4e9);
  await compileFolder(dir);
  assert.deepEqual(await known(dir), ["one"]);
});

test("a cache that is damaged counts as absent; one that is deleted is made again, and git does not see it", async (t) => {
  const { dir, compiled } = await compiledFolder(t);
  const place = path.join(dir, ".syncline/compiled");
  assert.equal(await readFile(path.join(place, ".gitignore"), "utf8"), "*\n");
  const [first, second] = (await readdir(place)).filter((name) => name.endsWith(".json"));
  const change = async (name: string, edit: (text: string) => string): Promise<void> =>
    writeFile(path.join(place, name), edit(await readFile(path.join(place, name), "utf8")));
  await change(first!, (text) => text.slice(0, 500));
  await change(second!, (text) => text.replace("every hour", "every day"));
  assert.deepEqual(await known(dir), []);
  assert.deepEqual(await compileFolder(dir), compiled);
  await rm(place, { recursive: true });
  assert.deepEqual(await compileAlone(dir), compiled);
  assert.deepEqual(await known(dir), ["one", "two"]);
});

test("problems are remembered with the function, and a broken function is not remembered", async (t) => {
  const lost = `${sync("One").replace("await nango", "nango")}`;
  const { dir, compiled } = await compiledFolder(t, {
    ...FILES,
    "a/syncs/one.ts": lost,
    "a/syncs/two.ts": "export default 1;",
  });
  assert.deepEqual(await known(dir), ["one"]);
  assert.deepEqual(
    compiled.problems.map(({ level, file }) => [level, file]),
    [
      ["warning", "a/syncs/one.ts"],
      ["error", "a/syncs/two.ts"],
    ],
  );
  assert.deepEqual((await compileFolder(dir)).problems, compiled.problems);
});

test("functions that are gone leave the cache, but not when only some are compiled", async (t) => {
  const { dir } = await compiledFolder(t);
  const count = async () => (await readdir(path.join(dir, ".syncline/compiled"))).length;
  await compileFolder(dir, { functions: [{ integration: "a", name: "one" }] });
  assert.equal(await count(), 3);
  await rm(path.join(dir, "a/syncs/two.ts"));
  await compileFolder(dir);
  assert.equal(await count(), 2);
});

test("a function has the same bundle whether compiled alone or with others", async (t) => {
  const alone = await folder(t, FILES);
  const { functions } = await compileFolder(alone, { functions: [{ integration: "a", name: "two" }] });
  const { compiled } = await compiledFolder(t);
  assert.deepEqual(functions[0], compiled.functions[1]);
});

test("a compiler kept open sees each change, one compile after the other", async (t) => {
  const dir = await folder(t, FILES);
  const compiler = createCompiler({ dir });
  t.after(() => compiler.close());
  const [first, second] = await Promise.all([compiler.compile(), compiler.compile()]);
  assert.deepEqual(first, second);
  await write(dir, "a/helper.ts", "export const helper = ;");
  assert.equal((await compiler.compile()).functions.length, 0);
  await write(dir, "a/helper.ts", "export const helper = 'y';");
  const third = await compiler.compile();
  assert.deepEqual([third.functions.length, third.problems], [2, []]);
  assert.notEqual(third.functions[0]?.hash, first.functions[0]?.hash);
});
