// `syncline test` as an author meets it: functions on their fixtures, what is said of those that fail, and nothing left behind.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folderWith, runSyncline } from "./server.ts";
import { ACTIONS, action, type Cases, FAILING, PASSING, saves, sync } from "./test-cases.ts";

type Result = {
  integration: string;
  name: string;
  kind: string;
  status: string;
  reason?: string;
  note?: string;
  ms: number;
};

const filesOf = (integration: string, cases: Cases): { [file: string]: string } =>
  Object.fromEntries(
    Object.entries(cases).flatMap(([name, { body, fixture, options }]) => [
      [`${integration}/syncs/${name}.ts`, body.includes("createSync") ? body : sync(body, options)],
      ...(fixture === null
        ? []
        : [
            [`${integration}/tests/${name}.test.json`, typeof fixture === "string" ? fixture : JSON.stringify(fixture)],
          ]),
    ]),
  );

const testAll = async (t: TestContext, files: { [file: string]: string }, ...args: string[]) => {
  const folder = await folderWith(t, files);
  const json = path.join(folder, "results.json");
  const { out, code } = await runSyncline(t, ["test", folder, "--json", json, ...args]);
  const { functions } = JSON.parse(await readFile(json, "utf8")) as { functions: Result[] };
  const byName = new Map(functions.map((one) => [one.name, one]));
  const reason = (name: string) => byName.get(name)?.reason ?? `no reason: ${JSON.stringify(byName.get(name))}`;
  return { out, code, functions, reason, byName };
};

// One run for three tests: each starts a database of its own, 4 s of a core.
let mixed: ReturnType<typeof testAll> | undefined;

/** Syncs that fail beside one that does not in `acme`, actions of each kind in `calls`, syncs that pass in `fine`. */
const testMixed = (t: TestContext): ReturnType<typeof testAll> => {
  const syncs = {
    ...FAILING,
    right: PASSING["refusal-is-thrown"]!,
    "without-fixture": { body: `await save(1);`, fixture: null },
  };
  const actions = Object.entries(ACTIONS).flatMap(([name, [body, fixture]]) => [
    [`calls/actions/${name}.ts`, action(body)],
    [`calls/tests/${name}.test.json`, JSON.stringify(fixture)],
  ]);
  const sameName = { "calls/syncs/right.ts": sync(`await save(1);`) };
  const files = { ...filesOf("acme", syncs), ...filesOf("fine", PASSING), ...Object.fromEntries(actions), ...sameName };
  mixed ??= testAll(t, files);
  return mixed;
};

test("what the fixtures say passes: pages, checkpoints, deletions, refusals, and time that nobody waits for", async (t) => {
  const { functions, byName } = await testMixed(t);
  const fine = functions.filter(({ integration }) => integration === "fine");
  assert.deepEqual(
    fine.filter(({ status }) => status !== "passed"),
    [],
  );
  assert.equal(fine.length, 9);
  assert.match(byName.get("refusal-is-an-answer")?.note ?? "", /rules of test mocks/);
  assert.match(byName.get("time-of-the-recording")?.note ?? "", /2026-04-05T13:50:17\.103Z/);
});

test("each failure says what is wrong, fails nothing else, and makes the exit code 1", async (t) => {
  const { out, code, functions, reason, byName } = await testMixed(t);
  assert.equal(code, 1);
  assert.match(out, /\n12 passed, 12 failed, 2 skipped\n$/);
  const { ms: _ms, ...skipped } = byName.get("without-fixture")!;
  const says = "There is no tests/without-fixture.test.json.";
  assert.deepEqual(skipped, {
    integration: "acme",
    name: "without-fixture",
    kind: "sync",
    status: "skipped",
    reason: says,
  });
  const passed = functions.filter(({ integration, status }) => integration === "acme" && status === "passed");
  assert.deepEqual(
    passed.map(({ name }) => name),
    ["right"],
  );
  assert.equal(reason("wrong-value"), "Row 1: v.a.b[1]: expected 3, got 2");
  assert.equal(reason("wrong-id"), "Row 1: is missing\nRow 2: is stored and not expected");
  assert.match(
    reason("wrong-request"),
    /^It failed: No mock found for GET \/x: the nearest recorded differs in params\.b: recorded "3", asked "2"\n\s+at .*wrong-request\.ts:13:/,
  );
  assert.match(reason("not-deleted"), /^batchDelete Row/);
  assert.match(reason("throws"), /^It failed: no account\n\s+at .*throws\.ts:13:/);
  assert.match(reason("bad-fixture"), /^Its fixture acme\/tests\/bad-fixture\.test\.json cannot be read/);
  assert.match(reason("bad-text"), /^It does not compile: acme\/syncs\/bad-text\.ts:1:/);
  assert.match(reason("bad-import"), /^It does not compile: acme\/syncs\/bad-import\.ts:1:19: Could not resolve/);
  assert.match(reason("bad-frequency"), /^It cannot be deployed: .*every moon/);
});

test("a part of the functions can be chosen, and records be held against their models", async (t) => {
  const files = {
    ...filesOf("acme", {
      right: { body: `await save(1);`, fixture: saves(1) },
      left: { body: `await save(1);`, fixture: saves(2) },
    }),
    "other/syncs/right.ts": sync("await save(1);").replace("v: z.any()", "v: z.string()"),
    "other/tests/right.test.json": JSON.stringify(saves(1)),
  };
  const chosen = await testAll(t, files, "--filter", "acme/right");
  assert.deepEqual([chosen.functions.length, chosen.code], [1, 0]);
  assert.match(chosen.out, /\n1 passed, 0 failed, 0 skipped\n$/);
  const validated = await testAll(t, files, "--filter", "right", "--validate");
  assert.deepEqual(validated.functions.map(({ integration, status }) => [integration, status]).sort(), [
    ["acme", "passed"],
    ["other", "failed"],
  ]);
});

test("an action gives what its fixture says for the input there", async (t) => {
  const { functions, reason } = await testMixed(t);
  const statuses = functions
    .filter(({ integration }) => integration === "calls")
    .map(({ kind, name, status }) => `${kind} ${name} ${status}`);
  assert.deepEqual(statuses.sort(), [
    "action nothing passed",
    "action refuses failed",
    "action right passed",
    "action unrecorded failed",
    "action wrong failed",
    "sync right skipped",
  ]);
  assert.equal(reason("wrong"), 'output a[0]: expected "8", got "7"');
  assert.equal(reason("unrecorded"), "Missing mock data for output");
  assert.match(reason("refuses"), /^It failed: no 7\n\s+at .*refuses\.ts:10:/);
});
