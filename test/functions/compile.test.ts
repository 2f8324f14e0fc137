import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { test } from "node:test";
import { CompiledFunction, functionHash } from "../../src/functions/definition.ts";
import { compileFolder } from "../helpers/compile.ts";
import { folder, poolForFile, recordingHost } from "./isolates.ts";

const { runBody } = poolForFile(1);

const sync = (model: string, { from = "syncline", top = "", body = "" } = {}): string => `${top}
import { createSync } from "${from}";
import { z } from "zod";
export default createSync({
  description: "All of them", frequency: "every hour", models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => { ${body} },
});
`;

const names = (functions: CompiledFunction[]) => functions.map(({ integration, name }) => `${integration}/${name}`);

test("index.ts says which files are functions, in its order, with or without .js", async (t) => {
  const dir = await folder(t, {
    "index.ts": `import './b/syncs/two.js';\nimport "./a/syncs/one";\nimport x from './a/syncs/no';\nimport '../outside';\n`,
    "a/syncs/one.ts": sync("One", { from: "nango" }),
    "b/syncs/two.ts": sync("Two"),
    "b/syncs/unlisted.ts": "this is not even TypeScript",
  });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(problems, []);
  assert.deepEqual(names(functions), ["b/two", "a/one"]);
  for (const compiled of functions) {
    assert.deepEqual(CompiledFunction.parse(compiled), compiled);
    assert.equal(compiled.hash, functionHash(compiled.bundle, compiled.definition));
    assert.equal(compiled.kind, "sync");
  }
});

test("without an index.ts the folders say it; tests and helpers are no functions", async (t) => {
  const dir = await folder(t, {
    "b/syncs/two.ts": sync("Two"),
    "a/syncs/one.ts": sync("One"),
    "a/syncs/one.test.ts": "nonsense(",
    "a/helpers/h.ts": "nonsense(",
    "node_modules/syncs/x.ts": "nonsense(",
  });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual([names(functions), problems], [["a/one", "b/two"], []]);
});

test("helpers, enums, JSON and imports of types compile, and the bundle runs", async (t) => {
  const top = `import { ProxyConfiguration } from "nango";
import type { Anything } from "left-pad";
import { double, Kind } from "../helpers/double.js";
import numbers from "../numbers.json";`;
  const body = `const config: ProxyConfiguration = { endpoint: Kind.A as Anything }; await nango.log(config.endpoint + double(numbers.two));`;
  const dir = await folder(t, {
    "a/syncs/one.ts": sync("One", { top, body }),
    "a/helpers/double.ts": `export enum Kind { A = "kind-a" }\nexport const double = (n: number): number => 2 * n;\n`,
    "a/numbers.json": `{ "two": 2 }`,
    "tsconfig.json": `{ "compilerOptions": { "verbatimModuleSyntax": true } }`,
  });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(problems, []);
  const { call, calls } = recordingHost();
  const { bundle, hash } = functions[0]!;
  const outcome = await runBody("", { bundle, hash, call });
  assert.equal(outcome.ok, true);
  assert.deepEqual(calls, [["log", { level: "info", message: "kind-a4", meta: undefined }]]);
});

test("the same folder elsewhere gives the same bundles and hashes; other code or words give another hash", async (t) => {
  const files = { "a/syncs/one.ts": sync("One", { body: `await nango.log("x");` }) };
  const first = await folder(t, files);
  const second = await folder(t, {});
  await cp(first, second, { recursive: true });
  const [a, b] = await Promise.all([compileFolder(first), compileFolder(second)]);
  assert.deepEqual(a, b);
  const changed = await folder(t, { "a/syncs/one.ts": sync("One", { body: `await nango.log("y");` }) });
  const c = await compileFolder(changed);
  assert.notEqual(a.functions[0]?.hash, c.functions[0]?.hash);
});

test("a failing function names its file, line and column as the author wrote them", async (t) => {
  const dir = await folder(t, {
    "a/syncs/one.ts": sync("One", { top: `import { boom } from "../boom";`, body: "boom();" }),
    "a/boom.ts": `// a comment\nexport const boom = (): never => {\n  throw new Error("boom");\n};\n`,
  });
  const { functions } = await compileFolder(dir);
  const { bundle, hash } = functions[0]!;
  const outcome = await runBody("", { bundle, hash });
  const stack = outcome.ok ? "" : (outcome.error.stack ?? "");
  assert.match(stack, /at boom \(a\/boom\.ts:3:9\)/);
  assert.match(stack, /a\/syncs\/one\.ts:6:/);
});

test("every problem comes back with its file, line and column, all at once", async (t) => {
  const dir = await folder(t, {
    "a/syncs/fs.ts": sync("One", { top: `import { readFile } from "node:fs";`, body: "readFile;" }),
    "a/syncs/pad.ts": sync("Two", { top: `  import pad from "left-pad";`, body: "pad();" }),
    "a/syncs/up.ts": sync("Three", { top: `import { x } from "../../../outside";`, body: "x();" }),
    "a/syncs/syntax.ts": `export default {\n  exec: async ( => 1\n};\n`,
    "a/syncs/missing.ts": sync("Four", { top: `import { x } from "../nowhere";`, body: "x();" }),
  });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(functions, []);
  const places = problems.map(({ file, line, column }) => `${file}:${line}:${column}`).sort();
  assert.deepEqual(places, [
    "a/syncs/fs.ts:1:26",
    "a/syncs/missing.ts:1:19",
    "a/syncs/pad.ts:1:19",
    "a/syncs/syntax.ts:2:17",
    "a/syncs/up.ts:1:19",
  ]);
  const messages = problems.map(({ message }) => message).join("\n");
  assert.match(messages, /"left-pad" cannot be imported: a function may import nango, syncline, zod/);
  assert.match(messages, /"\.\.\/\.\.\/\.\.\/outside" is outside the folder/);
});

test("what index.ts gets wrong is a problem at its line", async (t) => {
  const dir = await folder(t, {
    "index.ts": `import './a/syncs/one';\nimport './a/syncs/gone.js';\nimport './one';\nimport './a/syncs/one.js';\n`,
    "a/syncs/one.ts": sync("One"),
    "one.ts": sync("Two"),
  });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(names(functions), ["a/one"]);
  assert.deepEqual(problems, [
    { level: "error", file: "index.ts", line: 2, column: 9, message: "There is no file a/syncs/gone.ts." },
    { level: "error", file: "index.ts", line: 3, column: 9, message: '"./one" is in no integration\'s folder.' },
    { level: "warning", file: "index.ts", line: 4, column: 9, message: "a/syncs/one.ts is imported twice." },
  ]);
});

test("two functions of one name, and one model in two syncs of an integration, are problems", async (t) => {
  const dir = await folder(t, {
    "index.ts": `import './a/syncs/one';\nimport './a/old/one';\nimport './b/syncs/one';\n`,
    "a/syncs/one.ts": sync("One"),
    "a/old/one.ts": sync("One"),
    "b/syncs/one.ts": sync("One"),
  });
  const { problems } = await compileFolder(dir);
  const at = { level: "error", file: "a/old/one.ts" };
  assert.deepEqual(problems, [
    { ...at, line: 4, column: 16, message: 'There is another sync "one" of "a", in a/syncs/one.ts.' },
    {
      ...at,
      line: 5,
      column: 66,
      message: 'The model "One" of "a" is stored by another sync already, in a/syncs/one.ts.',
    },
  ]);
});

test("a folder without functions says so", async (t) => {
  assert.equal((await compileFolder(await folder(t, {}))).problems.length, 1);
  assert.equal((await compileFolder(await folder(t, { "index.ts": "// nothing" }))).problems[0]?.file, "index.ts");
});
