import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { Problem } from "../../src/functions/compile.ts";
import { findEntryPoints } from "../../src/functions/compile-entries.ts";
import { compileFolder } from "../helpers/compile.ts";
import { folder } from "./isolates.ts";

const sync = (model: string, { top = "", body = "" } = {}): string => `${top}
import { createSync } from "nango";
import { z } from "zod";
export default createSync({
  description: "All of them", frequency: "every hour", models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => { ${body} },
});
`;

const placeOf = ({ level, file, line, column }: Problem) =>
  [level, [file, line, column].filter((part) => part !== undefined).join(":")].join(" ");

const filesOf = async (dir: string) => (await findEntryPoints(dir)).entries.map(({ file }) => file);

test("index.ts may begin with a mark, end lines as Windows does, and have comments", async (t) => {
  const index = [
    "\uFEFFimport './a/syncs/one.js';",
    "// import './a/syncs/no';",
    "/* import './a/syncs/no';",
    "import './a/syncs/no';",
    " */",
    '  import "./a/actions/one" // the same name, another kind',
    "import './a/syncs/deep/two.ts';",
    "import 'a/syncs/no';",
  ].join("\r\n");
  const dir = await folder(t, {
    "index.ts": index,
    "a/syncs/one.ts": "",
    "a/syncs/no.ts": "",
    "a/actions/one.ts": "",
    "a/syncs/deep/two.ts": "",
  });
  assert.deepEqual(await filesOf(dir), ["a/syncs/one.ts", "a/actions/one.ts", "a/syncs/deep/two.ts"]);
});

test("by layout, functions are exactly one level deep, also in folders that are links", async (t) => {
  const elsewhere = await folder(t, { "syncs/three.ts": "", "syncs/helpers/no.ts": "" });
  const dir = await folder(t, {
    "a/syncs/one.ts": "",
    "a/syncs/nested/no.ts": "",
    "a/syncs/types.d.ts": "",
    "a/syncs/one.spec.ts": "",
    "a/on-events/two.ts": "",
    "a/helpers/no.ts": "",
    ".hidden/syncs/no.ts": "",
  });
  await symlink(elsewhere, path.join(dir, "b"));
  assert.deepEqual(await filesOf(dir), ["a/on-events/two.ts", "a/syncs/one.ts", "b/syncs/three.ts"]);
});

test("a link to a folder compiles, with the names of the files as they are reached", async (t) => {
  const elsewhere = await folder(t, { "syncs/one.ts": sync("One", { top: `import "../x";` }), "x.ts": "export {};" });
  const dir = await folder(t, {});
  await symlink(elsewhere, path.join(dir, "b"));
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual([functions.map(({ integration, name }) => [integration, name]), problems], [[["b", "one"]], []]);
});

test("a helper that lies among functions is a warning; when index.ts lists it, an error", async (t) => {
  const files = { "a/syncs/one.ts": sync("One"), "a/syncs/shared.ts": "export const x = 1;\n" };
  const byLayout = await compileFolder(await folder(t, files));
  assert.equal(byLayout.functions.length, 1);
  assert.deepEqual(byLayout.problems.map(placeOf), ["warning a/syncs/shared.ts"]);
  assert.match(byLayout.problems[0]!.message, /exports no function/);
  const index = "import './a/syncs/one';\nimport './a/syncs/shared';\n";
  const listed = await compileFolder(await folder(t, { ...files, "index.ts": index }));
  assert.equal(listed.functions.length, 1);
  assert.match(listed.problems.map(placeOf).join(), /^error a\/syncs\/shared\.ts/);
});

test("the code says the kind, not the folder; a sync and an action may share a name", async (t) => {
  const action = sync("One").replace("createSync", "createAction").replace("createSync", "createAction");
  const dir = await folder(t, {
    "a/actions/nodes.ts": sync("Node"),
    "a/syncs/nodes.ts": action.replace(/frequency.*/, "input: z.void(), output: z.void(),"),
  });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    functions.map(({ kind, name }) => [kind, name]),
    [
      ["sync", "nodes"],
      ["action", "nodes"],
    ],
  );
});

test("some functions can be compiled without the others; one that is not there is an error", async (t) => {
  const dir = await folder(t, {
    "a/syncs/one.ts": sync("One"),
    "a/syncs/two.ts": "nonsense(",
    "b/syncs/one.ts": "bad",
  });
  const one = await compileFolder(dir, { functions: [{ integration: "a", name: "one" }] });
  assert.deepEqual([one.functions.length, one.problems], [1, []]);
  const { problems } = await compileFolder(dir, { functions: [{ integration: "a", name: "x" }], integrations: ["c"] });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['There is no function of "c" here.', 'There is no function "x" of "a" here.'],
  );
});

test("a broken file, or a broken helper, keeps only its own functions from compiling", async (t) => {
  const dir = await folder(t, {
    "a/syncs/one.ts": sync("One"),
    "a/syncs/two.ts": sync("Two", { top: `import { x } from "../helper";`, body: "x;" }),
    "a/syncs/three.ts": sync("Three", { top: `import { x } from "../helper";`, body: "x;" }),
    "a/syncs/four.ts": "const é = ; nonsense(",
    "a/syncs/five.ts": sync("Five"),
    "a/helper.ts": "export const x = ;\n",
  });
  const { functions, problems, outcomes } = await compileFolder(dir);
  assert.deepEqual(
    functions.map(({ name }) => name),
    ["five", "one"],
  );
  assert.deepEqual(problems.map(placeOf), ["error a/syncs/four.ts:1:11", "error a/helper.ts:1:18"]);
  assert.deepEqual(
    outcomes.map(({ entry, compiled, problems: own }) => [entry.name, compiled !== undefined, own.map(placeOf)]),
    [
      ["five", true, []],
      ["four", false, ["error a/syncs/four.ts:1:11"]],
      ["one", true, []],
      ["three", false, ["error a/helper.ts:1:18"]],
      ["two", false, ["error a/helper.ts:1:18"]],
    ],
  );
});

test("a function that breaks a rule is left out, or with rules as warnings is there", async (t) => {
  const dir = await folder(t, { "a/syncs/one.ts": sync("One", { body: `nango.batchSave([], "One");` }) });
  const strict = await compileFolder(dir);
  assert.deepEqual([strict.functions.length, strict.problems.map(placeOf)], [0, ["error a/syncs/one.ts:6:28"]]);
  const lenient = await compileFolder(dir, { rules: "warn" });
  assert.deepEqual([lenient.functions.length, lenient.problems.map(placeOf)], [1, ["warning a/syncs/one.ts:6:28"]]);
});

test("what an option lacks is said where the option stands", async (t) => {
  const text = sync("One").replace(`frequency: "every hour", `, "").replace("id: z.string()", "name: z.string()");
  const dir = await folder(t, { "a/syncs/one.ts": text });
  assert.deepEqual((await compileFolder(dir)).problems.map(placeOf).sort(), [
    "error a/syncs/one.ts:4:16",
    "error a/syncs/one.ts:5:41",
  ]);
});

test("a helper imported without its suffix is found, as a file and as a folder; types come from anywhere", async (t) => {
  const top = `import { a } from "../models.js"; import { b } from "./x"; import { c } from "../lib";
import type { Anything } from "nango/experimental"; import { type Other } from "left-pad";
import { ProxyConfiguration, createSync as again } from "nango";`;
  const dir = await folder(t, {
    "a/syncs/one.ts": sync("One", {
      top,
      body: "const all: [Anything, Other, ProxyConfiguration] = [a, b, c]; again; all;",
    }),
    "a/models.ts": "export const a = 1;",
    "a/syncs/x.ts": "export const b = 2;",
    "a/lib/index.ts": "export const c = 3;",
    "index.ts": "import './a/syncs/one';",
  });
  assert.deepEqual((await compileFolder(dir)).problems, []);
});

test("what cannot be imported says what to write instead", async (t) => {
  const imports = ["nango/experimental", "zod/v4", "botbuilder", "node:fs", "lodash"];
  const dir = await folder(t, {});
  await mkdir(path.join(dir, "a/syncs"), { recursive: true });
  for (const [index, name] of imports.entries()) {
    const text = sync(`M${index}`, { top: `import * as x from "${name}";`, body: "x;" });
    await writeFile(path.join(dir, `a/syncs/${index}.ts`), text);
  }
  const { problems } = await compileFolder(dir);
  assert.deepEqual(
    new Set(problems.map(({ level, line, column }) => `${level} ${line}:${column}`)),
    new Set(["error 1:20"]),
  );
  const says = problems.map(({ message }) => message);
  assert.match(says[0]!, /createFunction, which does not exist here: createSync/);
  assert.match(says[1]!, /import \{ z \} from "zod"/);
  assert.equal(says[2], '"botbuilder" is not installed in this project: npm install botbuilder');
  assert.match(says[3]!, /"node:fs" cannot be imported: a function may import/);
  assert.match(says[4]!, /"lodash" cannot be imported/);
});
