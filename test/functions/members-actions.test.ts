// The `nango` of actions and event functions inside the isolate, and what an action gives back.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { IsolateJob } from "../../src/functions/protocol.ts";
import type { Description } from "../../src/functions/sdk/describe.ts";
import { context, poolForFile, recordingHost } from "./isolates.ts";

const { run } = poolForFile(1);

const HEAD = `import { createAction, createOnEvent } from "nango"; import { z } from "zod";\n`;
const ACTION = `description: "d", input: z.object({ a: z.number() }), output: z.any()`;

const action = (body: string): string =>
  `${HEAD}export default createAction({ ${ACTION}, exec: async (nango, input) => {\n${body}\n} });`;

const runAs = (scriptType: "action" | "on-event", source: string, job: Partial<IsolateJob> = {}) =>
  run(source, { context: { ...context, syncId: null, scriptType }, ...job });

const describe = async (source: string): Promise<Description> => {
  const outcome = await run(HEAD + source, { entry: "describe" });
  return outcome.ok ? (outcome.value as Description) : assert.fail(outcome.error.message);
};

test("an action gets its input and gives its output, and has nothing of a sync's", async () => {
  const body = `return { sum: input.a + 1, at: new Date(0), type: nango.scriptType, syncId: String(nango.syncId),
    has: ["batchSave", "listRecords", "variant", "lastSyncDate", "trackDeletesStart"].filter((name) => name in nango) };`;
  const outcome = await runAs("action", action(body), { payload: { a: 1 } });
  const value = { sum: 2, at: "1970-01-01T00:00:00.000Z", type: "action", syncId: "undefined", has: [] };
  assert.deepEqual(outcome, { ok: true, value });
});

test("an action's output may be 2 MB of JSON and no more", async () => {
  const ofBytes = (bytes: number) => runAs("action", action(`return "x".repeat(${bytes - 2});`));
  assert.equal((await ofBytes(2 * 1024 * 1024)).ok, true);
  const outcome = await ofBytes(2 * 1024 * 1024 + 1);
  assert.deepEqual(outcome.ok ? null : [outcome.error.type, outcome.error.message.slice(0, 48)], [
    "script_output_too_large",
    "The output of an action is at most 2 MB of JSON:",
  ]);
});

test("getFlowAttributes has nothing to give outside a sync", async () => {
  const outcome = await runAs("action", action("nango.getFlowAttributes();"));
  assert.match(outcome.ok ? "" : outcome.error.message, /^getFlowAttributes: there is no sync/);
});

test("an action that triggers another gets its value, or an error with its code and payload", async () => {
  const failure = Object.assign(new Error("no"), { code: "action_script_runtime_error", payload: { field: "x" } });
  const host = recordingHost({
    triggerAction: (_key: string, _id: string, name: string) => {
      if (name === "bad") throw failure;
      return { sum: 3 };
    },
  });
  const body = `const good = await nango.triggerAction("acme-eu", "customer-1", "add", { a: new Date(0) });
    try { await nango.triggerAction("acme-eu", "customer-1", "bad"); }
    catch (error) { return { good, code: error.code, payload: error.payload, message: error.message }; }`;
  const outcome = await runAs("action", action(body), { call: host.call });
  const error = { code: "action_script_runtime_error", payload: { field: "x" }, message: "no" };
  assert.deepEqual(outcome, { ok: true, value: { good: { sum: 3 }, ...error } });
  assert.deepEqual(host.calls, [
    ["triggerAction", "acme-eu", "customer-1", "add", { a: "1970-01-01T00:00:00.000Z" }],
    ["triggerAction", "acme-eu", "customer-1", "bad"],
  ]);
});

test("an action says what it is", async () => {
  const { kind, definition, problems } =
    await describe(`export default createAction({ ${ACTION}, version: "2", scopes: ["s"],
    endpoint: { method: "POST", path: "/x" }, metadata: z.void(), checkpoint: z.object({ at: z.string() }), exec: async () => {} });`);
  assert.deepEqual([kind, problems], ["action", []]);
  const object = (name: string, type: string) => ({
    type: "object",
    properties: { [name]: { type } },
    required: [name],
    additionalProperties: false,
  });
  assert.deepEqual(definition, {
    ...{ description: "d", version: "2", frequency: null, auto_start: false, track_deletes: false, sync_type: "full" },
    ...{ models: {}, metadata_schema: { type: "null" }, checkpoint_schema: object("at", "string") },
    ...{ input: object("a", "number"), output: {}, webhook_subscriptions: [], scopes: ["s"], has_on_webhook: false },
    endpoints: [{ method: "POST", path: "/x" }],
  });
});

test("an event function says which event it is for", async () => {
  for (const event of ["post-connection-creation", "pre-connection-deletion", "validate-connection"]) {
    const found = await describe(
      `export default createOnEvent({ description: "d", event: "${event}", exec: async () => {} });`,
    );
    assert.deepEqual([found.kind, found.definition?.event, found.problems], ["on-event", event, []]);
  }
});

test("what an action or an event function lacks is said with the option's name", async () => {
  const paths = async (source: string) => (await describe(source)).problems.map(({ path }) => path?.join("."));
  assert.deepEqual(await paths(`export default createAction({ input: 5, exec: async () => {} });`), [
    "description",
    "input",
    "output",
  ]);
  assert.deepEqual(
    await paths(`export default createOnEvent({ description: "d", event: "later", checkpoint: z.void() });`),
    ["exec", "checkpoint", "event"],
  );
});
