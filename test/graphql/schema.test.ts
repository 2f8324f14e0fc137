// The schema as clients find it: schema.graphql beside this file, so that every change of it is seen in review; UPDATE=1 writes
// it anew. It is that of an environment without functions: those bring types of their own.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";
import { DEV_KEY, testApi } from "../http/api.ts";
import { clientOf } from "./statements.ts";

const FILE = path.join(import.meta.dirname, "schema.graphql");

// What Relay asks for says what it is by its name.
const RELAY = /(Connection|Edge|Payload)$|^PageInfo$/;

const undescribed = (schema: GraphQLSchema): string[] =>
  Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith("__") && (isObjectType(type) || isInputObjectType(type)))
    .flatMap((type) => {
      const fields = isObjectType(type) || isInputObjectType(type) ? Object.values(type.getFields()) : [];
      const bare = fields.filter(({ description }) => !description).map(({ name }) => `${type.name}.${name}`);
      return [...(type.description ? [] : [type.name]), ...(RELAY.test(type.name) ? [] : bare)];
    });

test("the schema", async (t) => {
  const api = await testApi(t);
  const introspection = await clientOf(api.url, DEV_KEY).request<IntrospectionQuery>(getIntrospectionQuery());
  const schema = buildClientSchema(introspection);

  await t.test("is the one in schema.graphql", () => {
    const text = `${printSchema(lexicographicSortSchema(schema))}\n`;
    if (process.env.UPDATE === "1") writeFileSync(FILE, text);
    assert.equal(text, readFileSync(FILE, "utf8"), "the schema changed: UPDATE=1 writes it anew");
  });

  await t.test("says of every type and field what it is", () => {
    assert.deepEqual(undescribed(schema), []);
  });

  await t.test("has the names of the field, and none of ours", () => {
    const names = Object.values(schema.getTypeMap())
      .filter(({ name }) => !name.startsWith("__"))
      .flatMap((type) => [
        type.name,
        ...(isObjectType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : []),
        ...(isEnumType(type) ? type.getValues().map(({ name }) => name) : []),
      ]);
    assert.deepEqual(
      names.filter((name) => /_row|Row(?!s)|ById|_ROW|outbox|sealed|bundle|token|lease/.test(name)),
      [],
    );
  });

  await t.test("an enum has the values that its column's constraint allows", async () => {
    const columns = await api.db.query(`
      select c.relname as view, a.attname as column, substring(col_description(c.oid, a.attnum) from '@enum ([^\\n]+)') as words
        from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'api'::regnamespace and col_description(c.oid, a.attnum) like '%@enum %'`);
    const laws = await api.db.query(
      "select conname as name, pg_get_constraintdef(oid) as says from pg_constraint where contype = 'c' and conname like '%\\_is\\_known'",
    );
    const tables: Record<string, string> = { webhooks: "outbox" };
    const checked = columns.flatMap(({ view, column, words }) => {
      const law = laws.find(({ name }) => name === `${tables[view] ?? view}_${column}_is_known`);
      const allowed = [...(law?.says ?? "").matchAll(/'([^']+)'/g)].map(([, value]) => value).sort();
      if (law !== undefined) assert.deepEqual(words.split(" ").slice(1).sort(), allowed, `${view}.${column}`);
      return law === undefined ? [] : [`${view}.${column}`];
    });
    assert.ok(checked.length >= 11, checked.join(" "));
  });
});
