// Which types the models of an environment become, without any server: names, shapes, what is shared.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DeclaredModel } from "../../src/db/models.ts";
import { type Model, toModels } from "../../src/graphql/models/catalogue.ts";
import { legalName } from "../../src/graphql/models/names.ts";
import { toShape } from "../../src/graphql/models/shape.ts";

const LEGAL = /^(?!__)[A-Za-z_][A-Za-z0-9_]*$/;

const FREE = { types: new Set<string>(), fields: new Set<string>() };

const object = (properties: object) => ({ type: "object", properties });
const text = { type: "string" };
const number = { type: "number" };

const declared = (integration: string, model: string, first: unknown, now: unknown[] = [first]): DeclaredModel => ({
  integration,
  model,
  first_schema: first,
  schemas: now,
});

const named = (models: Model[]) => models.map(({ type, field, integrations }) => [type, field, integrations.join("+")]);

test("a name that GraphQL does not allow is written with the codes of its characters", () => {
  const written = {
    first_name: "first_name",
    "first-name": "first_x002D_name",
    "First Name": "First_x0020_Name",
    "1st": "_x0031_st",
    __x: "_x005F__x",
    Region__c: "Region__c",
    größe: "gr_x00F6__x00DF_e",
    "🙂": "_x1F642_",
    "": "_x0000_",
    a_x002D_b: "a_x005F_x002D_b",
  };
  for (const [name, expected] of Object.entries(written)) assert.equal(legalName(name), expected, name);
});

test("every name becomes a legal one, and no two names the same", () => {
  const name = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("_", "x", "0", "2", "D", "-", "a", "5", "F") }));
  fc.assert(
    fc.property(name, name, (one, other) => {
      assert.match(legalName(one), LEGAL);
      if (one !== other) assert.notEqual(legalName(one), legalName(other));
    }),
    { numRuns: 5000 },
  );
});

test("what a schema says becomes what GraphQL can say, and the rest JSON", () => {
  const kindOf = (schema: unknown) => toShape(schema).kind;
  const nullable = { anyOf: [text, { type: "null" }] };
  assert.equal(kindOf(nullable), "text");
  assert.equal(kindOf({ type: ["integer", "null"] }), "number");
  assert.equal(kindOf({ type: "integer", format: "int64" }), "bigint");
  assert.equal(kindOf({ type: "string", format: "date-time" }), "datetime");
  assert.equal(kindOf({ type: "string", format: "date" }), "date");
  assert.equal(kindOf({ type: "string", format: "email" }), "text");
  assert.deepEqual(toShape({ enum: ["open", "closed", null] }), { kind: "enum", values: ["open", "closed"] });
  assert.equal(kindOf({ enum: ["in-progress", "closed"] }), "text");
  assert.equal(kindOf({ enum: [1, 2] }), "number");
  assert.equal(kindOf({ const: true }), "boolean");
  assert.equal(kindOf({ anyOf: [{ const: "a" }, text] }), "text");
  assert.equal(kindOf({ anyOf: [object({ a: text }), object({ b: text })] }), "json");
  assert.equal(kindOf({ anyOf: [text, number] }), "json");
  assert.equal(kindOf({ type: "object", additionalProperties: text }), "json");
  assert.equal(kindOf({ type: "array", items: [text, number] }), "json");
  assert.equal(kindOf({ allOf: [object({ a: text }), object({ b: text })] }), "object");
  for (const schema of [
    true,
    {},
    null,
    "nonsense",
    { type: "object" },
    { $ref: "#" },
    { $ref: "#/definitions/none" },
  ]) {
    assert.equal(kindOf(schema), "json", JSON.stringify(schema));
  }
  const tree = {
    ...object({ root: { $ref: "#/definitions/node" } }),
    definitions: { node: object({ name: text, child: { $ref: "#/definitions/node" } }) },
  };
  const shape = toShape(tree);
  assert.ok(shape.kind === "object");
  const node = shape.fields.get("root");
  assert.ok(node?.kind === "object");
  assert.deepEqual(
    [...node.fields].map(([name, { kind }]) => [name, kind]),
    [
      ["name", "text"],
      ["child", "json"],
    ],
  );
});

test("no schema, however strange, ends in an error", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (schema) => void toShape(schema)));
});

test("integrations share the type of a model unless their first versions contradict", () => {
  const models = toModels(
    [
      declared("workday", "Employee", object({ name: text })),
      declared("gusto", "Employee", object({ name: text, team: text })),
      declared("legacy-hr", "Employee", object({ name: object({ first: text }) })),
      declared("other-hr", "Employee", object({ name: object({ first: text, last: text }) })),
    ],
    FREE,
  );
  assert.deepEqual(named(models), [
    ["Employee", "employees", "workday+gusto"],
    ["LegacyHr_Employee", "legacyHrEmployees", "legacy-hr+other-hr"],
  ]);
});

test("a later version that contradicts makes its field JSON and renames nothing", () => {
  const first = object({ name: text, at: text });
  const [model] = toModels(
    [
      declared("a", "Item", first),
      declared("b", "Item", first, [object({ name: number, at: { type: "string", format: "date-time" } })]),
    ],
    FREE,
  );
  assert.equal(model!.type, "Item");
  assert.ok(model!.shape.kind === "object");
  assert.deepEqual(
    [...model!.shape.fields].map(([name, { kind }]) => [name, kind]),
    [
      ["name", "json"],
      ["at", "text"],
    ],
  );
});

test("names that are taken get their integration's before them, and keep it whatever is deployed or removed later", () => {
  const taken = { types: new Set(["Run", "Query", "ContactEdge"]), fields: new Set(["runs", "syncs"]) };
  const now = [
    declared("acme", "Run", object({ a: text })),
    declared("acme", "Sync", object({ a: text })),
    declared("acme", "Contact", object({ a: text })),
    declared("acme", "Box", object({ a: text })),
    declared("b2", "Box", object({ a: number })),
    declared("acme", "BoxConnection", object({ a: text })),
    declared("acme", "Box__a", object({ a: text })),
    declared("acme", "my-model", object({ a: text })),
  ];
  const before = named(toModels(now, taken));
  assert.deepEqual(before, [
    ["Acme_Run", "acmeRuns", "acme"],
    ["Acme_Sync", "acmeSyncs", "acme"],
    ["Acme_Contact", "acmeContacts", "acme"],
    ["Box", "boxes", "acme"],
    ["B2_Box", "b2Boxes", "b2"],
    ["Acme_BoxConnection", "acmeBoxConnections", "acme"],
    ["Acme_Box__a", "acmeBoxAs", "acme"],
    ["my_x002D_model", "myX002DModels", "acme"],
  ]);
  const removed = now.map((one) => (one.integration === "acme" && one.model === "Box" ? { ...one, schemas: [] } : one));
  const after = named(toModels([...removed, declared("c", "Box", object({ a: true }))], taken));
  assert.deepEqual(
    after.filter(([, , integration]) => integration !== "c"),
    before.filter(([type]) => type !== "Box"),
  );
});
