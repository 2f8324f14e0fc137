// The bindings in src/db against the functions in the database: names, arguments and their types.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { argumentName, type Binding } from "../../src/db/fn.ts";
import { testDatabase } from "../helpers/database.ts";
import { ROOT, readSources } from "./sources.ts";

const ARGUMENTS = `
select p.proname as function, coalesce(p.proargnames[a.n], '') as name, a.type::regtype::text as type,
       a.n > p.pronargs - p.pronargdefaults as "hasDefault"
  from pg_proc p
  left join lateral unnest(p.proargtypes) with ordinality as a(type, n) on true
 where p.pronamespace = 'syncline'::regnamespace`;

const isBinding = (value: unknown): value is Binding =>
  typeof value === "function" && "sqlName" in value && "params" in value;

const loadBindings = async (): Promise<{ file: string; binding: Binding }[]> => {
  const found: { file: string; binding: Binding }[] = [];
  for (const { file } of readSources("src/db/*.ts")) {
    const module: Record<string, unknown> = await import(path.join(ROOT, file));
    for (const binding of Object.values(module).filter(isBinding)) found.push({ file, binding });
  }
  return found;
};

test("every binding has its function, with these arguments of these types", async (t) => {
  const { query } = await testDatabase(t, { poolSize: 1 });
  const rows = await query(ARGUMENTS);
  const functions = Map.groupBy(rows, (row) => row.function as string);
  const typeOf = async (type: string) => (await query("select $1::regtype::text as name", [type]))[0]!.name;
  const problems: string[] = [];
  for (const { file, binding } of await loadBindings()) {
    const where = `${file}: ${binding.sqlName}`;
    const known = functions.get(binding.sqlName);
    if (known === undefined) {
      problems.push(`${where} does not exist`);
      continue;
    }
    const given = Object.entries(binding.params).map(([key, type]) => ({ key, name: argumentName(key), type }));
    for (const { name, type } of given) {
      const argument = known.find((row) => row.name === name);
      const wanted = await typeOf(type.replace("?", ""));
      if (argument === undefined) problems.push(`${where} has no ${name}`);
      else if (argument.type !== wanted) problems.push(`${where}: ${name} is ${argument.type}, not ${wanted}`);
      else if (type.endsWith("?") && !argument.hasDefault) problems.push(`${where}: ${name} has no default`);
    }
    for (const { name, hasDefault } of known) {
      const isGiven = name === "" || hasDefault || given.some((one) => one.name === name);
      if (!isGiven) problems.push(`${where}: ${name} is missing`);
    }
  }
  assert.deepEqual(problems, []);
});
