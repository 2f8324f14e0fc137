// `syncline test` as an author meets it: functions on their fixtures, what is said of those that fail, and nothing left behind.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folderWith, runSyncline } from "./server.ts";

type Result = {
  integration: string;
  name: string;
  kind: string;
  status: string;
  reason?: string;
  note?: string;
  ms: number;
};

/** A sync whose exec has this body; it stores `Row`. */
const sync = (body: string, options = ""): string => `
import { createSync, ProxyConfiguration } from "nango";
import * as z from "zod";

const sync = createSync({
  description: "a sync",
  frequency: "every hour",
  autoStart: true,
  ${options}
  models: { Row: z.object({ id: z.string(), v: z.any() }) },
  exec: async (nango) => {
    const save = (v: unknown, id = "1") => nango.batchSave([{ id, v }], "Row");
    ${body}
  },
});
export default sync;
`;

const saves = (v: unknown, rest: object = {}): object => ({ nango: { batchSave: { Row: [{ id: "1", v }] } }, ...rest });

type Cases = { [name: string]: { body: string; fixture: object | string | null; options?: string } };

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

const PASSING: Cases = {
  pages: {
    body: `
      await nango.trackDeletesStart("Row");
      const seen = [];
      const settings = { type: "cursor", cursor_name_in_request: "cursor", cursor_path_in_response: "next", response_path: "items" };
      for await (const page of nango.paginate({ endpoint: "/items", params: { limit: 2 }, paginate: settings })) {
        seen.push(...page);
        await nango.saveCheckpoint({ at: String(page[0]) });
      }
      await save(seen);
      await nango.clearCheckpoint();
      await nango.trackDeletesEnd("Row");`,
    options: "trackDeletes: true, checkpoint: z.object({ at: z.string() }),",
    fixture: saves([1, 2, 3], {
      api: {
        get: {
          "/items": [
            { response: { items: [3] }, request: { params: { limit: "2", cursor: "p2" } } },
            { response: { items: [1, 2], next: "p2" }, request: { params: { limit: "2" } } },
          ],
        },
      },
    }),
  },
  "what-it-is-told": {
    body: `
      const said = [];
      for (const ask of [nango.getMetadata, nango.getConnection]) {
        try { said.push(await ask()); } catch (error) { said.push([error.message, error instanceof Error]); }
      }
      await save([...said, await nango.getCheckpoint(), "fixtureProvider" in nango, "dryRun" in nango]);`,
    options: "checkpoint: z.object({ at: z.string() }),",
    fixture: saves(
      [["Missing mock data for getMetadata", true], { connection_config: { a: 1 } }, { at: "x" }, false, false],
      {
        connection: { connection_config: { a: 1 } },
        checkpoint: { at: "x" },
      },
    ),
  },
  "frozen-clock": {
    body: `
      const before = new Date();
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      await save([before, Date.now(), Date(), new Intl.DateTimeFormat("en").format()]);`,
    fixture: saves(
      [
        "2026-01-02T03:04:05.678Z",
        1767323045678,
        "Fri Jan 02 2026 03:04:05 GMT+0000 (Coordinated Universal Time)",
        "1/2/2026",
      ],
      { clock: "2026-01-02T03:04:05.678Z" },
    ),
  },
  "waits-for-nothing": {
    body: `
      const fired = [];
      const deadline = Date.now() + 3_600_000;
      for (const ms of [300, 100, 200]) setTimeout(() => fired.push(ms), ms);
      let looks = 0;
      while (Date.now() < deadline) { looks += 1; await new Promise((resolve) => setTimeout(resolve, 60_000)); }
      await save([fired, looks]);`,
    fixture: saves([[100, 200, 300], 60]),
  },
  "refusal-is-thrown": {
    body: `
      try { await nango.get({ endpoint: "/x", retries: 10 }); }
      catch (error) { await save([error.response.status, error.response.data, error.isAxiosError]); }`,
    fixture: saves([404, { m: 1 }, true], { api: { get: { "/x": { response: { m: 1 }, status: 404 } } } }),
  },
  "refusal-is-an-answer": {
    body: `await save((await nango.get({ endpoint: "/x", retries: 10 })).status);`,
    fixture: saves(429, { api: { get: { "/x": { response: {}, status: 429 } } } }),
  },
  "ids-and-checkpoints-of-any-kind": {
    body: `
      await nango.saveCheckpoint({ at: "x".repeat(5000), more: { deep: [null] } } as any);
      const { deletedKeys } = await nango.trackDeletesEnd("Row");
      await nango.batchSave([{ v: 1 }, { v: 2 }, { id: "", v: 3 }] as any, "Row");
      await save([(await nango.getCheckpoint()).more, deletedKeys]);`,
    options: "checkpoint: z.object({ at: z.string() }),",
    fixture: {
      nango: {
        trackDeletesEnd: { deletedKeys: ["a"] },
        batchSave: { Row: [{ v: 1 }, { v: 2 }, { id: "", v: 3 }, { id: "1", v: [{ deep: [null] }, ["a"]] }] },
      },
    },
  },
  "day-of-the-recording": {
    body: `await save((await nango.get({ endpoint: "/rates/" + new Date().toISOString().slice(0, 10) })).data);`,
    fixture: saves(1, { api: { get: { "/rates/2026-04-04": { response: 1 } } } }),
  },
  "time-of-the-recording": {
    body: `
      const since = new Date(Date.now() - 86_400_000).toISOString();
      await save((await nango.get({ endpoint: "/x", params: { since } })).data);`,
    fixture: saves(1, {
      api: { get: { "/x": { response: 1, request: { params: { since: "2026-04-04T13:50:17.103Z" } } } } },
    }),
  },
};

const FAILING: Cases = {
  "wrong-value": { body: `await save({ a: { b: [1, 2] } });`, fixture: saves({ a: { b: [1, 3] } }) },
  "wrong-id": { body: `await save(1, "2");`, fixture: saves(1) },
  "wrong-request": {
    body: `await nango.get({ endpoint: "/x", params: { a: "1", b: "2" } });`,
    fixture: saves(1, { api: { get: { "/x": { response: 1, request: { params: { a: "1", b: "3" } } } } } }),
  },
  "not-deleted": {
    body: `await save(1);`,
    fixture: { nango: { batchSave: { Row: [{ id: "1", v: 1 }] }, batchDelete: { Row: [{ id: "9" }] } } },
  },
  throws: { body: `throw new nango.ActionError({ message: "no account" });`, fixture: saves(1) },
  "bad-fixture": { body: `await save(1);`, fixture: "{" },
  "bad-text": { body: "createSync({", fixture: saves(1) },
  "bad-import": { body: `import { x } from "../nowhere.js"; createSync(x);`, fixture: saves(1) },
  "bad-frequency": { body: sync("").replace("every hour", "every moon"), fixture: saves(1) },
};

test("what the fixtures say passes: pages, checkpoints, deletions, refusals, and time that nobody waits for", async (t) => {
  const { out, code, functions, byName } = await testAll(t, filesOf("acme", PASSING));
  assert.deepEqual(
    functions.filter(({ status }) => status !== "passed"),
    [],
  );
  assert.match(out, /\n9 passed, 0 failed, 0 skipped\n$/);
  assert.equal(code, 0);
  assert.match(byName.get("refusal-is-an-answer")?.note ?? "", /rules of test mocks/);
  assert.match(byName.get("time-of-the-recording")?.note ?? "", /2026-04-05T13:50:17\.103Z/);
});

test("each failure says what is wrong, fails nothing else, and makes the exit code 1", async (t) => {
  const cases = {
    ...FAILING,
    right: PASSING["refusal-is-thrown"]!,
    "without-fixture": { body: `await save(1);`, fixture: null },
  };
  const { out, code, functions, reason, byName } = await testAll(t, filesOf("acme", cases));
  assert.equal(code, 1);
  assert.match(out, /\n1 passed, 9 failed, 1 skipped\n$/);
  const { ms: _ms, ...skipped } = byName.get("without-fixture")!;
  const says = "There is no tests/without-fixture.test.json.";
  assert.deepEqual(skipped, {
    integration: "acme",
    name: "without-fixture",
    kind: "sync",
    status: "skipped",
    reason: says,
  });
  assert.equal(functions.find(({ status }) => status === "passed")?.name, "right");
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
  const validated = await testAll(t, files, "--filter", "right", "--validate");
  assert.deepEqual(validated.functions.map(({ integration, status }) => [integration, status]).sort(), [
    ["acme", "passed"],
    ["other", "failed"],
  ]);
});

/** An action whose exec has this body. */
const action = (body: string): string => `
import { createAction } from "nango";
import { z } from "zod";

export default createAction({
  description: "an action",
  input: z.object({ id: z.string() }),
  output: z.any(),
  exec: async (nango, input) => {
    ${body}
  },
});
`;

test("an action gives what its fixture says for the input there", async (t) => {
  const cases: { [name: string]: [body: string, fixture: object] } = {
    right: [
      `const { data } = await nango.post({ endpoint: "/x", data: input });
       return { at: new Date(0), id: data.id, not: undefined };`,
      {
        input: { id: "7" },
        output: { id: 1, at: "1970-01-01T00:00:00.000Z" },
        api: { post: { "/x": { response: { id: 1 }, request: { data: { id: "7" } } } } },
      },
    ],
    nothing: ["", { input: { id: "7" } }],
    wrong: ["return { a: [input.id] };", { input: { id: "7" }, output: { a: ["8"] } }],
    unrecorded: ["return 1;", { input: { id: "7" } }],
    refuses: [`throw new nango.ActionError({ message: "no " + input.id });`, { input: { id: "7" }, output: {} }],
  };
  const files = Object.entries(cases).flatMap(([name, [body, fixture]]) => [
    [`acme/actions/${name}.ts`, action(body)],
    [`acme/tests/${name}.test.json`, JSON.stringify(fixture)],
  ]);
  const both = { "acme/syncs/right.ts": sync(`await save(1);`) };
  const { functions, reason } = await testAll(t, { ...Object.fromEntries(files), ...both });
  const statuses = functions.map(({ kind, name, status }) => `${kind} ${name} ${status}`);
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
