// The rights of our roles and of everybody, as text: each table and view with its columns, each function.
import type { TestDatabase } from "../helpers/database.ts";

export const ROLES = ["syncline_app", "syncline_app_writer", "syncline_support", "syncline_operator"];

const RELATIONS = `
select case c.relnamespace when 'api'::regnamespace then 'api.' else '' end || c.relname as name,
       array(select p from unnest('{insert,delete,truncate,references,trigger}'::text[]) p where has_table_privilege($1, c.oid, p)) as other,
       array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and has_column_privilege($1, c.oid, a.attnum, 'select') order by a.attnum) as read,
       array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and not has_column_privilege($1, c.oid, a.attnum, 'select') order by a.attnum) as hidden,
       array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and has_column_privilege($1, c.oid, a.attnum, 'update') order by a.attnum) as changed
  from pg_class c
 where c.relnamespace in ('syncline'::regnamespace, 'api'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
 order by c.relnamespace = 'api'::regnamespace, c.relkind = 'v', c.relname`;

const FUNCTIONS = `
select case p.pronamespace when 'api'::regnamespace then 'api.' else '' end || p.proname as name, p.prosecdef as "isDefiner",
       has_function_privilege($1, p.oid, 'execute') as "isAllowed"
  from pg_proc p where p.pronamespace in ('syncline'::regnamespace, 'api'::regnamespace) order by 1`;

const wrapped = (label: string, names: string[]): string[] => {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length < 110) lines[lines.length - 1] = `${last}, ${name}`;
    else lines.push(`${lines.length === 0 ? label.padEnd(12) : " ".repeat(12)}${name}`);
  }
  return lines.map((line) => `    ${line}`);
};

type Relation = { name: string; other: string[]; read: string[]; hidden: string[]; changed: string[] };

const relationLines = ({ name, other, read, hidden, changed }: Relation): string[] => {
  if (read.length + changed.length + other.length === 0) return [];
  return [
    `  ${name}${hidden.length === 0 ? "" : `: ${read.length} of ${read.length + hidden.length} columns`}`,
    ...(hidden.length === 0 ? [] : wrapped("reads", read)),
    ...wrapped("not", hidden),
    ...wrapped("changes", changed),
    ...wrapped("also", other),
  ];
};

const rightsOf = async ({ query }: TestDatabase, role: string): Promise<string[]> => {
  const relations = (await query(RELATIONS, [role])) as Relation[];
  const allowed = (await query(FUNCTIONS, [role])).filter(({ isAllowed }) => isAllowed);
  const closed = relations.filter((one) => one.read.length + one.changed.length + one.other.length === 0);
  return [
    ...relations.map((one) => relationLines(one).join("\n")).filter((text) => text !== ""),
    [
      "  -- nothing of",
      ...wrapped(
        "",
        closed.map(({ name }) => name),
      ),
    ].join("\n"),
    ...allowed.map(({ name, isDefiner }) => `  calls ${name}${isDefiner ? ", with the owner's rights" : ""}`),
  ];
};

/** All rights in a database, role by role; `public` is everybody else. */
export const describeRights = async (db: TestDatabase): Promise<string> => {
  const support = await rightsOf(db, "syncline_support");
  const operator = await rightsOf(db, "syncline_operator");
  const app = await rightsOf(db, "syncline_app");
  const writer = await rightsOf(db, "syncline_app_writer");
  const parts = {
    syncline_app: app,
    "syncline_app_writer has less": app.filter((line) => !writer.includes(line)),
    "syncline_app_writer has more": writer.filter((line) => !app.includes(line)),
    syncline_support: support,
    "syncline_operator has less": support.filter((line) => !operator.includes(line)),
    "syncline_operator has more": operator.filter((line) => !support.includes(line)),
    public: await rightsOf(db, "public"),
  };
  return Object.entries(parts)
    .map(([title, lines]) => `== ${title}\n${lines.join("\n")}\n`)
    .join("\n");
};
