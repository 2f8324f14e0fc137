// The option `deliver`: what it takes, by type and when a file is compiled.
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { createSync } from "../../src/functions/sdk/index.ts";
import { poolForFile } from "./isolates.ts";

const { run } = poolForFile(1);

const Contact = z.object({
  id: z.string(),
  email: z.string().nullable(),
  address: z.object({ city: z.string(), at: z.date().optional() }).optional(),
  emails: z.array(z.object({ value: z.string() })),
  custom: z.record(z.string(), z.unknown()),
});
const config = { description: "d", frequency: "every hour", models: { Contact }, exec: async () => {} };
const key = { account: "$connectionId", contact_id: "$id" } as const;

test("paths and sources are known to the type", () => {
  const columns = {
    ...key,
    a: "email",
    b: "address.city",
    c: "emails.0.value",
    d: "custom.any.thing",
    e: "$record",
    f: "address",
  } as const;
  assert.ok(createSync({ ...config, deliver: { Contact: { table: "crm.contacts", columns } } }));
  // @ts-expect-error a field the model does not have
  createSync({ ...config, deliver: { Contact: { table: "crm.contacts", columns: { ...key, a: "mail" } } } });
  // @ts-expect-error a nested one
  createSync({ ...config, deliver: { Contact: { table: "crm.contacts", columns: { ...key, a: "address.town" } } } });
  // @ts-expect-error an unknown source
  createSync({ ...config, deliver: { Contact: { table: "crm.contacts", columns: { ...key, a: "$when" } } } });
  // @ts-expect-error a table without its schema
  createSync({ ...config, deliver: { Contact: { table: "contacts", columns: key } } });
  // @ts-expect-error a model that is not declared
  createSync({ ...config, deliver: { Company: { table: "crm.contacts", columns: key } } });
});

const describe = async (deliver: string): Promise<{ messages: string[]; deliver: unknown }> => {
  const source = `import { createSync } from "syncline"; import { z } from "zod";
    const Node = z.object({ id: z.string(), get parent() { return Node.optional(); } });
    const Row = z.object({ id: z.string(), address: z.object({ city: z.string() }).nullable().optional(), born: z.date(),
      list: z.array(z.object({ a: z.string() })), pair: z.union([z.object({ x: z.string() }), z.object({ y: z.string() })]),
      free: z.record(z.string(), z.any()), loose: z.looseObject({}), tree: Node, anything: z.any() });
    export default createSync({ description: "d", frequency: "every hour", models: { Row }, exec: async () => {}, deliver: ${deliver} });`;
  const outcome = await run(source, { entry: "describe" });
  if (!outcome.ok) assert.fail(outcome.error.message);
  const { definition, problems } = outcome.value as {
    definition: { deliver?: unknown } | null;
    problems: { message: string }[];
  };
  return { messages: problems.map(({ message }) => message), deliver: definition?.deliver };
};

const columns = (more: string) =>
  `{ Row: { table: "crm.rows", columns: { account: "$connectionId", id: "$id", ${more} } } }`;

test("a mapping arrives as it was written, and none is no mapping", async () => {
  const right =
    columns(`a: "address.city", b: "born", c: "list.3.a", d: "pair.x", e: "pair.y", f: "free.x.y", g: "loose.x",
    h: "tree.parent.parent.id", i: "anything.at.all", j: "$record", k: "$firstSeenAt", l: "address", m: "id"`);
  const { messages, deliver } = await describe(right);
  assert.deepEqual(messages, []);
  assert.equal((deliver as { Row: { columns: { h: string } } }).Row.columns.h, "tree.parent.parent.id");
  assert.deepEqual(await describe("undefined"), { messages: [], deliver: undefined });
  assert.deepEqual(await describe("{}"), { messages: [], deliver: undefined });
});

test("what is wrong with a mapping is said with the name of the field", async () => {
  const wrong: [deliver: string, message: string][] = [
    [columns('x: "adress.city"'), '"deliver.Row.columns.x": the model Row has no "adress" of "adress.city".'],
    [columns('x: "address.town"'), '"deliver.Row.columns.x": the model Row has no "town" of "address.town".'],
    [columns('x: "list.a"'), '"deliver.Row.columns.x": the model Row has no "a" of "list.a".'],
    [
      columns('x: "tree.parent.child"'),
      '"deliver.Row.columns.x": the model Row has no "child" of "tree.parent.child".',
    ],
    [columns('x: "nothing"'), '"deliver.Row.columns.x": the model Row has no "nothing".'],
    [columns('x: "born.year"'), '"deliver.Row.columns.x": the model Row has no "year" of "born.year".'],
    [columns("x: 5"), '"deliver.Row.columns.x" must be a path in the record or one of $id, '],
    [columns('x: "$now"'), '"deliver.Row.columns.x": "$now" is none of $id, '],
    [
      '{ Row: { table: "rows", columns: {} } }',
      '"deliver.Row.table" must name schema and table, such as "crm.contacts".',
    ],
    [
      '{ Row: { table: "crm.rows", columns: { id: "$id" } } }',
      '"deliver.Row.columns" needs a column for $connectionId',
    ],
    ['{ Row: { table: "crm.rows" } }', '"deliver.Row.columns" must be an object'],
    ["{ Other: {} }", '"deliver.Other": there is no such model.'],
    ["7", '"deliver" must be an object of models.'],
  ];
  for (const [deliver, message] of wrong) {
    const { messages } = await describe(deliver);
    assert.ok(messages[0]?.startsWith(message), `${deliver}: ${messages}`);
  }
});
