// All that belongs to an environment, as one text: every row of every table that leads to it by its foreign keys.
import type { TestDatabase } from "../helpers/database.ts";

type Key = { table: string; column: string; to: string; target: string };

const FOREIGN_KEYS = `
  select con.conrelid::regclass::text as table, a.attname as column, con.confrelid::regclass::text as to, b.attname as target
    from pg_constraint con
    join pg_attribute a on a.attrelid = con.conrelid and a.attnum = con.conkey[1]
    join pg_attribute b on b.attrelid = con.confrelid and b.attnum = con.confkey[1]
   where con.contype = 'f' and con.connamespace = 'syncline'::regnamespace and con.conparentid = 0
   order by 1, 2`;

const TABLES = `
  select c.oid::regclass::text as name,
         exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'environment_id') as has_environment
    from pg_class c
   where c.relnamespace = 'syncline'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   order by 1`;

const ROOT = "syncline.environments";

/** For each table the condition that a row belongs to environment $1; tables that lead to none are of the installation. */
const conditionsOf = async ({ query }: TestDatabase): Promise<Map<string, string>> => {
  const tables = (await query(TABLES)) as { name: string; has_environment: boolean }[];
  const keys = (await query(FOREIGN_KEYS)) as Key[];
  const found = new Map([[ROOT, "id = $1"]]);
  for (const { name, has_environment } of tables) if (has_environment) found.set(name, "environment_id = $1");
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const { table, column, to, target } of keys) {
      const condition = found.get(to);
      if (condition === undefined || found.has(table)) continue;
      found.set(table, `${column} in (select ${target} from ${to} where ${condition})`);
      isNew = true;
    }
  }
  return found;
};

/** The rows by table, in an order that does not depend on where they lie. */
export const stateOf = async (db: TestDatabase, environment: number): Promise<Map<string, string[]>> => {
  const state = new Map<string, string[]>();
  for (const [table, condition] of await conditionsOf(db)) {
    const rows = await db.query(`select t::text as text from ${table} t where ${condition} order by 1`, [environment]);
    state.set(
      table,
      rows.map(({ text }) => text as string),
    );
  }
  return state;
};
