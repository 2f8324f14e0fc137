// Records, inputs and outputs checked against their schemas inside an isolate: what is refused, what is reported, and how.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { IsolateJob, RunContext } from "../../src/functions/protocol.ts";
import { context, poolForFile, recordingHost } from "./isolates.ts";

const { run } = poolForFile(1);

type Mode = RunContext["validation"];

const CONTACT = `z.object({ id: z.string(), email: z.email(), tags: z.array(z.string()).optional(), at: z.date().optional() })`;

const sync = (body: string, schema = CONTACT): string => `import { createSync } from "nango"; import { z } from "zod";
  export default createSync({ description: "d", frequency: "every hour", models: { Contact: ${schema} }, exec: async (nango) => {
    ${body}
  } });`;

const row = (id: number | string, email = "a@example.com") => ({ id: String(id), email });

/** Runs a sync that saves these rows, or does what a body says; with what reached the host. */
const save = async (validation: Mode, rows: object[] | string, schema?: string) => {
  const host = recordingHost();
  const body = typeof rows === "string" ? rows : `await nango.batchSave(${JSON.stringify(rows)}, "Contact");`;
  const outcome = await run(sync(body, schema), { call: host.call, context: { ...context, validation } });
  type Line = { level: string; message: string; meta: Record<string, unknown> };
  const lines = host.calls.filter(([method]) => method === "log").map(([, line]) => line as Line);
  const batches = host.calls.filter(([method]) => method === "batchSave").map(([, batch]) => batch as object[]);
  return { outcome, lines, batches, messages: lines.map(({ message }) => message) };
};

const errorOf = ({ outcome }: { outcome: Awaited<ReturnType<typeof run>> }) =>
  outcome.ok ? assert.fail("it succeeded") : outcome.error;

test("off looks at nothing", async () => {
  const { outcome, lines, batches } = await save("off", [{ id: 1, email: 2 }]);
  assert.deepEqual([outcome.ok, lines, batches], [true, [], [[{ id: 1, email: 2 }]]]);
});

test("warn lets everything through, with a line for each place and at the end how often", async () => {
  const rows = [row(1), { ...row(2), tags: ["a", 1, 2] }, { ...row(3), tags: [3], more: 1 }, { id: "4" }];
  const { outcome, lines, batches, messages } = await save("warn", rows);
  assert.deepEqual([outcome.ok, batches], [true, [rows]]);
  assert.deepEqual(messages, [
    "Contact 2: tags.1 must be string",
    "Contact 3: more is not part of the schema",
    "Contact 4: email is missing",
    "mismatches with a schema let through: 5",
  ]);
  assert.deepEqual(new Set(lines.map(({ level }) => level)), new Set(["warn"]));
  assert.deepEqual(lines[0]?.meta, { subject: "Contact", id: "2", path: "tags.1", keyword: "type" });
  const { places, others } = lines.at(-1)!.meta as { places: { path: string; count: number }[]; others: number };
  assert.deepEqual(
    [places.map(({ path, count }) => `${path} ${count}`), others],
    [["tags.1 3", "more 1", "email 1"], 0],
  );
});

test("warn writes at most 50 lines and counts the rest", async () => {
  const odd = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`field${at}`, at]));
  const { lines } = await save("warn", [
    { ...row(1), ...odd },
    { ...row(2), ...odd },
  ]);
  assert.equal(lines.length, 51);
  assert.match(lines.at(-1)?.message ?? "", /through: 120$/);
  assert.equal(lines.at(-1)?.meta.others, 20);
});

test("what was let through is counted for a run that fails too", async () => {
  const { messages } = await save("warn", `await nango.batchSave([{ id: "1" }], "Contact"); throw new Error("later");`);
  assert.equal(messages.length, 2);
});

test("enforce refuses a whole call before any of it is sent; what was saved before stays", async () => {
  const body = `await nango.batchSave([${JSON.stringify(row(0))}], "Contact");
    const rows = Array.from({ length: 2500 }, (_, at) => ({ id: String(at), email: at < 2400 ? "a@example.com" : 7 }));
    await nango.batchSave(rows, "Contact");`;
  const saved = await save("enforce", body);
  assert.deepEqual(saved.batches, [[row(0)]]);
  const { type, message, payload } = errorOf(saved);
  assert.equal(type, "invalid_sync_record");
  assert.match(message, /^records of Contact do not match its schema: Contact 2400: email must be string; .*and more$/);
  const { problems } = payload as { problems: { id: string }[] };
  assert.equal(problems.length, 20);
  const [first, second] = problems;
  const told = { model: "Contact", path: "email", keyword: "type", message: "must be string" };
  assert.deepEqual([first, second?.id], [{ ...told, id: "2400" }, "2401"]);
});

test("a function may catch a refusal, and see by its code and payload what it was", async () => {
  const body = `try { await nango.batchSave([{ email: "a@example.com" }], "Contact"); } catch (error) {
    return [error instanceof Error, error.code, error.payload.problems]; }`;
  const { outcome } = await save("enforce", body);
  const problem = { model: "Contact", id: "at 0", path: "id", keyword: "required", message: "is missing" };
  assert.deepEqual(outcome, { ok: true, value: [true, "invalid_sync_record", [problem]] });
});

test("rows are checked as JSON carries them: dates are texts, undefined is absent, internal fields are gone", async () => {
  const body = `const row = { id: "1", email: "a@example.com", at: new Date(0), tags: undefined, _nango_metadata: { x: 1 } };
    await nango.batchSave([row], "Contact");`;
  const { outcome, batches } = await save("enforce", body);
  assert.deepEqual([outcome.ok, batches], [true, [[{ ...row(1), at: "1970-01-01T00:00:00.000Z" }]]]);
});

test("batchUpdate and batchDelete take parts of records: they are not checked", async () => {
  const body = `await nango.batchUpdate([{ id: "1" }], "Contact"); await nango.batchDelete([{ id: "1" }], "Contact");`;
  assert.equal((await save("enforce", body)).outcome.ok, true);
});

test("a model that the file does not declare is left to the host", async () => {
  for (const model of ["Other", "__proto__", "constructor"]) {
    const { batches, lines } = await save("enforce", `await nango.batchSave([{ id: "1" }], "${model}");`);
    assert.deepEqual([batches.length, lines], [1, []], model);
  }
});

test("schemas that zod can say and Ajv does not know are no hindrance", async () => {
  const schema = `z.object({ id: z.cuid(), phone: z.e164(), face: z.emoji(), key: z.string().regex(/^\\-\\d/).meta({ example: "-1" }),
    code: z.string().regex(/^ab$/i), both: z.string().regex(/^a/i).regex(/b$/), place: z.tuple([z.number(), z.number()]), by: z.record(z.string(), z.number()), when: z.iso.datetime(),
    get parts() { return z.array(z.object({ name: z.string() })); } }).meta({ id: "Thing" })`;
  const good = {
    id: "cjld2cjxh0000qzrmn831i7rn",
    phone: "+491701234567",
    face: "😀",
    key: "-1",
    code: "AB",
    both: "Ab",
  };
  const rest = { place: [1, 2], by: { a: 1 }, when: "2026-01-02T03:04:05Z", parts: [{ name: "x" }] };
  const saved = await save("enforce", [{ ...good, ...rest }], schema);
  assert.equal(saved.outcome.ok, true, JSON.stringify(saved.outcome));
  const bad = {
    ...good,
    ...rest,
    face: "x",
    key: "1",
    both: "AB",
    place: [1, "2"],
    by: { a: "1" },
    parts: [{ name: 1 }],
  };
  const { payload } = errorOf(await save("enforce", [bad], schema));
  const paths = (payload as { problems: { path: string }[] }).problems.map(({ path }) => path);
  assert.deepEqual(paths, ["face", "key", "both", "place.1", "by.a", "parts.0.name"]);
});

test("a schema of no use is a problem of each record, said once", async () => {
  const schema = `z.object({ id: z.string().meta({ pattern: "(" }) })`;
  const { outcome, messages } = await save("warn", [{ id: "1" }, { id: "2" }], schema);
  assert.equal(outcome.ok, true);
  assert.match(messages[0] ?? "", /^Contact 1: it cannot be checked, its schema is of no use: .*regular expression/i);
  assert.equal(errorOf(await save("enforce", [{ id: "1" }], schema)).type, "invalid_sync_record");
});

const act = async (
  validation: Mode,
  declared: string,
  o: { payload?: unknown; gives?: string; isCLI?: boolean } = {},
) => {
  const host = recordingHost();
  const source = `import { createAction } from "nango"; import { z } from "zod";
    export default createAction({ description: "d", ${declared}, exec: async (nango, input) => {
      await nango.log("working"); return ${o.gives ?? "null"}; } });`;
  const { isCLI = false } = o;
  const job: Partial<IsolateJob> = {
    call: host.call,
    context: { ...context, scriptType: "action", validation, isCLI },
  };
  const outcome = await run(source, { ...job, payload: o.payload });
  return { outcome, said: host.calls.map(([, line]) => (line as { message: string }).message) };
};

test("an action's input is checked before it works, its output after", async () => {
  const declared = `input: z.object({ to: z.string() }), output: z.object({ sent: z.boolean() })`;
  const good = { payload: { to: "x" }, gives: "{ sent: true, at: undefined }" };
  assert.deepEqual((await act("enforce", declared, good)).outcome, { ok: true, value: { sent: true } });
  const input = await act("enforce", declared, { ...good, payload: { to: 1 } });
  assert.deepEqual(input.said, []);
  assert.deepEqual(
    [errorOf(input).type, errorOf(input).message],
    ["invalid_action_input", "the input does not match its schema: input: to must be string"],
  );
  const output = await act("enforce", declared, { ...good, gives: "{ sent: 1 }" });
  assert.deepEqual(output.said, ["working"]);
  const { type, payload } = errorOf(output);
  const problem = { path: "sent", keyword: "type", message: "must be boolean" };
  assert.deepEqual([type, payload], ["invalid_action_output", { problems: [problem] }]);
});

test("warn refuses an action's input, lets its output through with a line, and in a dry run both", async () => {
  const declared = `input: z.object({ to: z.string() }), output: z.object({ sent: z.boolean() })`;
  const refused = await act("warn", declared, { payload: {} });
  assert.deepEqual([errorOf(refused).type, refused.said], ["invalid_action_input", []]);
  const warned = await act("warn", declared, { payload: { to: "x" }, gives: "[]" });
  assert.deepEqual([warned.outcome.ok, warned.said.slice(0, 2)], [true, ["working", "output: it must be object"]]);
  const dry = await act("warn", declared, { payload: {}, gives: "[]", isCLI: true });
  assert.deepEqual([dry.outcome.ok, dry.said.slice(0, 2)], [true, ["input: to is missing", "working"]]);
  const taken = `input: z.object({ to: z.string(), at: z.number().default(1), on: z.coerce.date() }), output: z.any()`;
  const lenient = await act("warn", taken, { payload: { to: "x", on: 5, more: 1 } });
  assert.deepEqual([lenient.outcome.ok, lenient.said.includes("input: more is not part of the schema")], [true, true]);
  assert.equal(
    errorOf(await act("enforce", taken, { payload: { to: "x", on: 5, more: 1 } })).type,
    "invalid_action_input",
  );
  assert.equal(
    errorOf(await act("warn", taken, { payload: { at: 2, on: 5 } })).message,
    "the input does not match its schema: input: to is missing",
  );
  assert.equal((await act("off", declared, { payload: {}, gives: "[]" })).outcome.ok, true);
});

test("nothing is what an action takes and gives where nothing is asked for", async () => {
  for (const schema of ["z.void()", "z.null()", "z.object({ a: z.string() }).optional()", "z.any()"]) {
    const { outcome } = await act("enforce", `input: ${schema}, output: ${schema}`);
    assert.equal(outcome.ok, true, `${schema}: ${JSON.stringify(outcome)}`);
  }
  const { outcome } = await act("enforce", "input: z.object({}), output: z.void()");
  assert.equal(errorOf({ outcome }).type, "invalid_action_input");
});
