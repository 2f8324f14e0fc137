import assert from "node:assert/strict";
import { test } from "node:test";
import type { Description } from "../../src/functions/sdk/describe.ts";
import { compileFolder } from "../helpers/compile.ts";
import { folder, poolForFile } from "./isolates.ts";

const { run } = poolForFile(1);

const describe = async (config: string): Promise<Description> => {
  const source = `import { createSync } from "syncline"; import { z } from "zod";
    const Row = z.object({ id: z.string() }); const exec = async () => {};
    const full = { description: "d", frequency: "every hour", models: { Row }, exec };
    export default createSync(${config});`;
  const outcome = await run(source, { entry: "describe" });
  return outcome.ok ? (outcome.value as Description) : assert.fail(outcome.error.message);
};

const schemaOf = async (field: string): Promise<unknown> => {
  const { definition, problems } = await describe(
    `{ ...full, models: { Row: z.object({ id: z.string(), field: ${field} }) } }`,
  );
  assert.deepEqual(problems, []);
  const { Row } = (definition ?? assert.fail()).models as {
    Row: { properties: { field: unknown }; required: string[] };
  };
  return { schema: Row.properties.field, isRequired: Row.required.includes("field") };
};

test("a sync says what it is, with the defaults the engine uses", async () => {
  const { definition, kind } = await describe("full");
  assert.equal(kind, "sync");
  assert.deepEqual(definition, {
    description: "d",
    version: "",
    frequency: "every hour",
    auto_start: false,
    track_deletes: false,
    sync_type: "full",
    models: {
      Row: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false },
    },
    webhook_subscriptions: [],
    endpoints: [],
    scopes: [],
    has_on_webhook: false,
  });
});

test("models whose versions are kept are named: all, some or none; one that is not there is a problem", async () => {
  const { definition: all } = await describe("{ ...full, history: true }");
  const { definition: one } = await describe('{ ...full, models: { Row, Other: Row }, history: ["Other", "Other"] }');
  const { definition: none } = await describe("{ ...full, history: [] }");
  assert.deepEqual([all?.history, one?.history, none?.history], [["Row"], ["Other"], undefined]);
  const { problems: unknown } = await describe('{ ...full, history: ["Row", "Contact"] }');
  const message = '"history" names the model "Contact", which is not in "models".';
  assert.deepEqual(unknown, [{ message, path: ["history"] }]);
  const { problems: wrong } = await describe('{ ...full, history: "Row" }');
  assert.match(wrong[0]!.message, /"history" must be true, false or a list of model names/);
});

test("every option of a sync arrives", async () => {
  const { definition } =
    await describe(`{ ...full, version: "1.2", autoStart: true, syncType: "incremental", scopes: ["a"],
    webhookSubscriptions: ["x"], endpoints: [{ method: "GET", path: "/rows", group: "g" }], onWebhook: async () => {},
    metadata: z.object({ region: z.string() }), checkpoint: z.object({ at: z.string(), page: z.number() }) }`);
  const { models: _models, description: _d, frequency: _f, ...others } = definition ?? {};
  assert.deepEqual(others, {
    version: "1.2",
    auto_start: true,
    track_deletes: false,
    sync_type: "incremental",
    metadata_schema: {
      type: "object",
      properties: { region: { type: "string" } },
      required: ["region"],
      additionalProperties: false,
    },
    checkpoint_schema: {
      type: "object",
      properties: { at: { type: "string" }, page: { type: "number" } },
      required: ["at", "page"],
      additionalProperties: false,
    },
    webhook_subscriptions: ["x"],
    endpoints: [{ method: "GET", path: "/rows", group: "g" }],
    scopes: ["a"],
    has_on_webhook: true,
  });
  assert.deepEqual((await describe("{ ...full, metadata: z.void() }")).definition?.metadata_schema, { type: "null" });
  assert.equal((await describe("{ ...full, trackDeletes: true }")).definition?.track_deletes, true);
});

test("a handler of batches is part of what a function says, and of no function without one", async () => {
  const says = async (config: string) => (await describe(config)).definition ?? {};
  assert.equal((await says("{ ...full, onWebhookBatch: async () => {} }")).has_on_webhook_batch, true);
  assert.ok(!("has_on_webhook_batch" in (await says("{ ...full, onWebhook: async () => {} }"))));
  const { problems } = await describe("{ ...full, onWebhookBatch: [] }");
  assert.deepEqual(problems, [{ message: '"onWebhookBatch" must be a function.', path: ["onWebhookBatch"] }]);
});

test("each zod shape has the JSON schema the ecosystem expects", async () => {
  const closed = (properties: object, required: string[]) => ({
    type: "object",
    properties,
    required,
    additionalProperties: false,
  });
  const text = { type: "string" };
  const record = (values: object) => ({ type: "object", propertyNames: text, additionalProperties: values });
  const withOthers = { allOf: [{ type: "object", properties: { a: text }, required: ["a"] }, record(text)] };
  const shapes: [string, unknown, boolean][] = [
    ["z.object({ a: z.string() })", closed({ a: text }, ["a"]), true],
    ["z.object({ a: z.string() }).passthrough()", { ...closed({ a: text }, ["a"]), additionalProperties: {} }, true],
    ["z.looseObject({ a: z.string() })", { ...closed({ a: text }, ["a"]), additionalProperties: {} }, true],
    ["z.string().default('x')", { default: "x", type: "string" }, true],
    ["z.string().optional()", text, false],
    ["z.unknown()", {}, true],
    ["z.any()", {}, true],
    ["z.any().optional()", {}, false],
    [
      "z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() }))",
      closed({ a: text, b: text }, ["a", "b"]),
      true,
    ],
    ["z.object({ a: z.string() }).and(z.record(z.string(), z.string()))", withOthers, true],
    ["z.string().transform(Number)", {}, true],
    ["z.bigint()", {}, true],
    ["z.string().pipe(z.transform(Number)).pipe(z.number())", { type: "number" }, true],
    ["z.date()", { type: "string", format: "date-time" }, true],
    ["z.union([z.string(), z.date()])", { anyOf: [text, { type: "string", format: "date-time" }] }, true],
    ["z.enum(['a', 'b'])", { type: "string", enum: ["a", "b"] }, true],
    ["z.literal(5)", { type: "number", const: 5 }, true],
    ["z.boolean()", { type: "boolean" }, true],
    ["z.int()", { type: "integer", minimum: -(2 ** 53 - 1), maximum: 2 ** 53 - 1 }, true],
    ["z.string().nullable()", { type: ["string", "null"] }, true],
    ["z.record(z.string(), z.number())", record({ type: "number" }), true],
    ["z.array(z.number())", { type: "array", items: { type: "number" } }, true],
    ["z.null()", { type: "null" }, true],
    [
      "z.tuple([z.string(), z.number()])",
      { type: "array", items: [text, { type: "number" }], additionalItems: false, minItems: 2, maxItems: 2 },
      true,
    ],
  ];
  for (const [field, schema, isRequired] of shapes) {
    assert.deepEqual(await schemaOf(field), { schema, isRequired }, field);
  }
  const union = `z.discriminatedUnion("t", [z.object({ t: z.literal("a") }), z.object({ t: z.literal("b") })])`;
  const { schema } = (await schemaOf(union)) as { schema: { oneOf: unknown[] } };
  assert.equal(schema.oneOf.length, 2);
});

test("an intersection can be satisfied also where a side is described, nullable or shared", async () => {
  const side = (name: string) => ({ type: "object", properties: { [name]: { type: "string" } }, required: [name] });
  const a = "z.object({ a: z.string() })";
  const b = "z.object({ b: z.string() })";
  const orNull = (one: object) => ({ anyOf: [one, { type: "null" }] });
  const shapes: [string, object][] = [
    [`${a}.describe("x").and(${b})`, { allOf: [{ ...side("a"), description: "x" }, side("b")] }],
    [`${a}.nullable().and(${b}.nullable())`, { allOf: [orNull(side("a")), orNull(side("b"))] }],
    [`${a}.meta({ id: "A" }).and(${b}.meta({ id: "B" }))`, { allOf: [side("a"), side("b")] }],
  ];
  for (const [field, schema] of shapes) assert.deepEqual(await schemaOf(field), { schema, isRequired: true }, field);
  const endless = `(() => { const A = z.union([${a}, z.lazy(() => A.and(${b}.describe("x")))]); return A; })()`;
  assert.equal((await describe(`{ ...full, metadata: z.object({ a: ${endless} }) }`)).problems.length, 0);
});

test("what a definition lacks is said, everything at once", async () => {
  const { definition, problems } =
    await describe(`{ models: { bad: z.string(), X_: z.object({ name: z.string() }) }, onWebhook: 5,
    metadata: z.string(), checkpoint: 1 }`);
  assert.equal(definition, null);
  const expected = [
    /"description"/,
    /"frequency"/,
    /"exec"/,
    /"onWebhook"/,
    /model name "bad"/,
    /"bad" must be a z\.object/,
  ];
  for (const pattern of [...expected, /"X_" needs an "id"/, /"metadata"/, /"checkpoint"/]) {
    assert.ok(
      problems.some(({ message }) => pattern.test(message)),
      String(pattern),
    );
  }
  const says = async (config: string) => (await describe(config)).problems.map(({ message }) => message).join();
  assert.match(await says("{ ...full, models: {} }"), /"models" is empty/);
  assert.match(await says("{ ...full, models: undefined }"), /"models" is missing/);
  assert.match(await says(`{ ...full, trackDeletes: true, syncType: "incremental" }`), /"trackDeletes" cannot/);
  assert.match(await says(`{ ...full, endpoints: [{}, {}] }`), /one endpoint for each model: 1, not 2/);
  assert.deepEqual(
    problems.map(({ path }) => path?.join(".")),
    [
      "description",
      "exec",
      "metadata",
      "checkpoint",
      "frequency",
      "models.bad",
      "models.bad",
      "models.X_",
      "onWebhook",
    ],
  );
});

test("a file that exports no sync, throws while it is read, or says things of the wrong type is a problem of that file", async (t) => {
  const head = `import { createSync } from "syncline"; import { z } from "zod";\n`;
  const full = `description: "d", frequency: "every hour", models: { Row: z.object({ id: z.string() }) }, exec: async () => {}`;
  const dir = await folder(t, {
    "a/syncs/none.ts": "const x = 1;\nexport default x;\n",
    "a/syncs/throws.ts": `const go = (): void => {\n  throw new Error("at load");\n};\ngo();\nexport default {};\n`,
    "a/syncs/types.ts": `${head}export default createSync({ ${full}, version: 2 as never, scopes: "x" as never });\n`,
  });
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(functions, []);
  assert.deepEqual(problems.slice(0, 2), [
    {
      level: "error",
      file: "a/syncs/none.ts",
      line: 2,
      column: 1,
      message: "The default export must be createSync({ ... }), createAction({ ... }) or createOnEvent({ ... }).",
    },
    { level: "error", file: "a/syncs/throws.ts", line: 2, column: 9, message: "at load" },
  ]);
  assert.deepEqual(
    problems.slice(2).map(({ file, line, column, message }) => [file, line, column, message.split(":")[0]]),
    [
      ["a/syncs/types.ts", 2, 141, '"version"'],
      ["a/syncs/types.ts", 2, 162, '"scopes"'],
    ],
  );
});

test("a schema with an id in its metadata can be read again and again", async () => {
  const config = `{ ...full, models: { Row: Row.meta({ id: "row" }) } }`;
  assert.deepEqual((await describe(config)).problems, []);
  assert.deepEqual((await describe(config)).problems, []);
});
