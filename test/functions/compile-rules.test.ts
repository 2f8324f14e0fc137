import assert from "node:assert/strict";
import { test } from "node:test";
import { findDeclaration, placeOfOption } from "../../src/functions/compile-declaration.ts";
import { parseFile } from "../../src/functions/compile-parse.ts";
import { declarationProblems, entryProblems, helperProblems } from "../../src/functions/compile-rules.ts";

const parsed = (text: string) => parseFile(text) ?? assert.fail("no TypeScript");

/** `<level> <line>:<column> <first words>` of each problem. */
const problemsOf = (text: string) => {
  const program = parsed(text);
  const declaration = findDeclaration(program);
  return [...declarationProblems(declaration), ...entryProblems(program, declaration)].map(
    ({ level, line, column, message }) => `${level} ${line}:${column} ${message}`,
  );
};

/** The problems of an exec with these lines, the first of which is line 1. */
const inExec = (...lines: string[]) =>
  problemsOf(`export default createSync({ exec: async (nango) => { ${lines.join("\n")}\n} });`).map((problem) =>
    problem.replace(/ 1:(\d+) /, (_, column) => ` 1:${column - 53} `),
  );

test("a call of nango that nobody waits for is an error where work would be lost, otherwise a warning", () => {
  assert.deepEqual(inExec(`nango.batchSave(rows, "A");`), [
    "error 1:1 Nothing waits for nango.batchSave: write `await nango.batchSave(...)`.",
  ]);
  const lost = [
    "get({})",
    "log('x')",
    "saveCheckpoint({})",
    "setMetadata({})",
    "get({}).data",
    "trackDeletesStart('A')",
  ];
  const levels = (call: string) => inExec(`nango.${call};`)[0]?.split(" ")[0];
  assert.deepEqual(lost.map(levels), ["error", "warning", "warning", "error", "error", "error"]);
  assert.match(inExec(`ready && nango.post({});`)[0]!, /^error/);
  assert.match(inExec(`if (a) nango.post({}); else (b, nango.put({}));`).join(), /nango.post.*nango.put/);
  assert.match(inExec(`(nango.post({}) as Promise<unknown>);`)[0]!, /^error/);
});

test("a call that is awaited, returned, chained or kept is no problem", () => {
  const fine = [
    "await nango.get({});",
    "return nango.get({});",
    "nango.post({}).then((x) => x).catch(() => {});",
    "const both = Promise.all([nango.get({}), nango.get({})]); await both;",
    "await Promise.all(ids.map((id) => nango.get({ id })));",
    "const { data } = await nango.get({});",
    "const later = nango.get({}); await later;",
    "const rows = (await nango.get({})).data;",
    "const got = ready ? await nango.get({}) : null;",
    "void nango.log('x');",
    "for await (const page of nango.paginate({})) page;",
    "nango.somethingElse();",
    "other.batchSave(rows, 'A');",
    "nango['batchSave'](rows, 'A');",
  ];
  for (const line of fine) assert.deepEqual(inExec(line), [], line);
});

test("retryOn without retries is a warning at its place", () => {
  assert.match(
    inExec(`await nango.get({ endpoint: "/", retryOn: [500] });`).join(),
    /^warning 1:34 "retryOn" does nothing without "retries"/,
  );
  assert.deepEqual(inExec(`await nango.get({ retryOn: [500], retries: 2 });`), []);
  assert.deepEqual(inExec(`await nango.get({ ...shared, retryOn: [500] });`), []);
});

test("a merging strategy set after a save of its model is an error, after a request a warning", () => {
  const set = `await nango.setMergingStrategy({ strategy: "override" }, "A");`;
  const save = `await nango.batchSave(rows, "A");`;
  assert.match(
    inExec(save, set).join(),
    /^error 2:7 nango.setMergingStrategy of "A" comes too late: the batchSave in line 1/,
  );
  assert.match(inExec(`await nango.get({});`, set, save).join(), /^warning 2:7 .*after the request in line 1/);
  assert.deepEqual(inExec(set, `await nango.get({});`, save), []);
  assert.deepEqual(inExec(`await nango.batchSave(rows, "B");`, set, save), []);
  assert.deepEqual(inExec(`const save = async () => {`, save, `};`, set, "await save();"), []);
});

test("deletions looked for before all is saved are an error", () => {
  const save = `await nango.batchSave(rows, "A");`;
  const start = `await nango.trackDeletesStart("A");`;
  const end = `await nango.trackDeletesEnd("A");`;
  const old = `await nango.deleteRecordsFromPreviousExecutions("A");`;
  assert.deepEqual(inExec(start, save, end), []);
  assert.deepEqual(inExec(save, old), []);
  assert.match(inExec(old, save).join(), /^error 1:7 .*deletes what the batchSave in line 2/);
  assert.deepEqual(inExec(save, start, end), [], "what was saved before it counts as seen");
  assert.match(inExec(start, end, save).join(), /^error 2:7 .*trackDeletesEnd of "A" comes too early/);
  assert.match(inExec(start, save).join(), /^warning 1:7 .*has no trackDeletesEnd/);
  assert.match(inExec(save, end).join(), /^warning 2:7 .*has no trackDeletesStart/);
  assert.match(inExec(start, start, save, end).join(), /^warning 2:7 .*more than once/);
  assert.deepEqual(inExec(start, `await nango.batchSave(rows, "B");`, end, `await nango.batchSave(rows, "B");`), []);
  assert.deepEqual(inExec(start, `await nango.batchSave(rows, model);`, `await nango.trackDeletesEnd(model);`), []);
});

test("what ends in a branch of its own is only a warning", () => {
  const lines = [
    `await nango.trackDeletesStart("A");`,
    `if (whole) {`,
    `  await nango.batchSave(rows, "A");`,
    `  await nango.trackDeletesEnd("A");`,
    `  return;`,
    `}`,
    `await nango.batchSave(rows, "A");`,
  ];
  assert.match(inExec(...lines).join(), /^warning 4:9 .*too early/);
});

test("the default export may be a call, a name bound to one, or exported by a list", () => {
  const call = `createAction({ description: "d",\n  input: z.void() })`;
  const texts = [
    `export default ${call};`,
    `const action = ${call};\nexport default action;`,
    `const action = ${call};\nexport { action as default };`,
    `export const types = 1 as never;\nexport default ${call} satisfies object;`,
    `export default syncline.${call};`,
  ];
  for (const text of texts) {
    const place = placeOfOption(findDeclaration(parsed(text)), ["input"]);
    assert.deepEqual(
      place,
      { line: text.split("\n").findIndex((line) => line.includes("input")) + 1, column: 3 },
      text,
    );
  }
});

test("an option that is missing has the place of what it is missing from", () => {
  const declaration = findDeclaration(
    parsed(`\nexport default createSync({\n  models: { A: a, "B": b },\n  ...rest });`),
  );
  assert.deepEqual(placeOfOption(declaration, ["models", "B"]), { line: 3, column: 19 });
  assert.deepEqual(placeOfOption(declaration, ["models", "C"]), { line: 3, column: 3 });
  assert.deepEqual(placeOfOption(declaration, ["models", "A", "id"]), { line: 3, column: 13 });
  assert.deepEqual(placeOfOption(declaration, ["frequency"]), { line: 2, column: 16 });
  assert.deepEqual(placeOfOption({}, ["frequency"]), undefined);
});

test("a function made elsewhere, options made elsewhere and further exports are warnings", () => {
  assert.match(problemsOf(`export { default } from "./impl";`).join(), /^warning 1:1 Write the function in this file/);
  assert.match(problemsOf(`export default make();`).join(), /^warning 1:1 Write the function in this file/);
  assert.match(problemsOf(`export default createSync(options);`).join(), /^warning 1:16 Write the options where/);
  const values = ["const x = 1;", "function x() {}", "class X {}", "enum X { A }"];
  for (const value of values)
    assert.match(problemsOf(`export ${value}`).join(), /^warning 1:1 .* nothing but its function/);
  assert.deepEqual(
    problemsOf(`export type X = 1; export interface Y {}; export * from "./a"; export { b } from "./b";`),
    [],
  );
});

test("in a helper everything is a warning", () => {
  const program = parsed(`export const save = async (nango) => { nango.batchSave([], "A"); };`);
  assert.deepEqual(
    helperProblems(program).map(({ level, line, column }) => [level, line, column]),
    [["warning", 1, 40]],
  );
});

test("text that is no TypeScript is left to esbuild", () => {
  assert.equal(parseFile("export default {"), undefined);
});

test("a call of something that every object has is a call like any other", () => {
  assert.deepEqual(inExec(`await nango.constructor("a"); await nango.hasOwnProperty("a");`), []);
});

test("subscriptions without a handler, and a handler without subscriptions, are warnings", () => {
  const of = (options: string) => problemsOf(`export default createSync({ ${options} });`).join();
  assert.match(
    of(`webhookSubscriptions: ["a"]`),
    /^warning 1:\d+ "webhookSubscriptions" does nothing without "onWebhook"/,
  );
  assert.match(of("onWebhook: async () => {}"), /^warning 1:\d+ Nothing calls it without "webhookSubscriptions"/);
  for (const handler of ["onWebhook() {}", "onWebhookBatch: async () => {}", "...shared"]) {
    assert.equal(of(`webhookSubscriptions: ["a"], ${handler}`), "");
  }
});
