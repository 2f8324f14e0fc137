// The schema as text, from the catalogs: the same for the same schema, whatever the order it was made in and whatever
// version of Postgres (15 to 18) it is on. Kept in git as migrations/schema.txt and compared by a guard.
import type { Db } from "./pool.ts";

// Partitions are left out: the ones of logs come and go with the days. Owners differ by installation, so only grants to others count.
const TABLES = `
select c.oid, case c.relnamespace when 'api'::regnamespace then 'api.' else '' end || c.relname as name,
       concat_ws(' ', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
                 case c.relnamespace when 'api'::regnamespace then 'api.' else '' end || c.relname,
                 'partition by ' || pg_get_partkeydef(c.oid),
                 'with (' || array_to_string(c.reloptions, ', ') || ')',
                 case when c.relrowsecurity then 'row security' end,
                 case when c.relforcerowsecurity then 'forced' end) as line,
       obj_description(c.oid, 'pg_class') as comment,
       case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as body
  from pg_class c
 where c.relnamespace in ('syncline'::regnamespace, 'api'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition`;

// Not-null constraints have names of their own since 18; the column says it on every version.
const PARTS = `
select a.attrelid as table, 1 as rank, lpad(row_number() over (partition by a.attrelid order by a.attnum)::text, 4, '0') as key,
       concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
                 case a.attidentity when 'a' then 'identity always' when 'd' then 'identity by default' end,
                 case when a.attgenerated <> '' then 'generated' end,
                 case when a.atthasdef then 'default ' || pg_get_expr(d.adbin, d.adrelid) end,
                 case when a.attstorage <> t.typstorage then 'storage ' || a.attstorage::text end) as line,
       col_description(a.attrelid, a.attnum) as comment
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attnum > 0 and not a.attisdropped
union all
select conrelid, 2, conname, concat_ws(' ', 'constraint', conname, pg_get_constraintdef(oid)), obj_description(oid, 'pg_constraint')
  from pg_constraint where contype <> 'n' and conrelid <> 0
union all
select i.indrelid, 3, x.relname,
       replace(replace(pg_get_indexdef(i.indexrelid), 'CREATE UNIQUE INDEX', 'unique index'), 'CREATE INDEX', 'index'), obj_description(x.oid, 'pg_class')
  from pg_index i join pg_class x on x.oid = i.indexrelid
 where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x'))
union all
select tgrelid, 4, tgname, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger') from pg_trigger where not tgisinternal
union all
select polrelid, 5, polname,
       concat_ws(' ', 'policy', polname, 'for', polcmd::text, 'to ' || (select string_agg(r::regrole::text, ', ' order by r::regrole::text) from unnest(polroles) r where r <> 0), case when not polpermissive then 'restrictive' end,
                 'using ' || pg_get_expr(polqual, polrelid), 'check ' || pg_get_expr(polwithcheck, polrelid)),
       obj_description(oid, 'pg_policy') from pg_policy
union all
select c.oid, 6, coalesce(a.grantee::regrole::text, '') || a.privilege_type,
       concat_ws(' ', 'grant', a.privilege_type, 'to', case a.grantee when 0 then 'public' else a.grantee::regrole::text end), null
  from pg_class c, aclexplode(c.relacl) a where a.grantee <> c.relowner
union all
select c.attrelid, 6, coalesce(a.grantee::regrole::text, '') || a.privilege_type,
       concat_ws(' ', 'grant', a.privilege_type, '(' || string_agg(c.attname, ', ' order by c.attnum) || ')', 'to',
                 case a.grantee when 0 then 'public' else a.grantee::regrole::text end), null
  from pg_attribute c, aclexplode(c.attacl) a where c.attnum > 0 and not c.attisdropped group by c.attrelid, a.grantee, a.privilege_type`;

// A body that begins atomic is kept parsed, and versions print it a little differently: see plain().
const FUNCTIONS = `
select concat_ws(' ', case p.prokind when 'p' then 'procedure' else 'function' end,
                 case p.pronamespace when 'api'::regnamespace then 'api.' else '' end || p.proname || '(' || pg_get_function_arguments(p.oid) || ')', 'returns ' || pg_get_function_result(p.oid),
                 l.lanname, case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
                 case when p.proisstrict then 'strict' end, case when p.prosecdef then 'security definer' end,
                 case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end,
                 'set ' || array_to_string(p.proconfig, ', ')) as line,
       case when p.prosqlbody is null then p.prosrc else pg_get_function_sqlbody(p.oid) end as body,
       p.prosqlbody is not null as "isParsed",
       obj_description(p.oid, 'pg_proc') as comment
  from pg_proc p join pg_language l on l.oid = p.prolang
 where p.pronamespace in ('syncline'::regnamespace, 'api'::regnamespace) and p.prokind in ('f', 'p')`;

const TYPES = `
select concat_ws(' ', case t.typtype when 'e' then 'enum' when 'd' then 'domain' else 'type' end, t.typname,
                 (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
                 case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
                 (select string_agg(pg_get_constraintdef(k.oid), ' ' order by k.conname)
                    from pg_constraint k where k.contypid = t.oid and k.contype <> 'n')) as line,
       obj_description(t.oid, 'pg_type') as comment
  from pg_type t
 where t.typnamespace in ('syncline'::regnamespace, 'api'::regnamespace)
   and (t.typtype in ('e', 'd') or t.typtype = 'c' and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))`;

type Line = { line: string; comment: string | null };
type Table = Line & { oid: number; name: string; body: string | null };
type Part = Line & { table: number; rank: number; key: string };
type Fn = Line & { body: string; isParsed: boolean };

const HASH = "select md5(x) as hash from unnest($1::text[]) with ordinality u(x, n) order by n";

// What versions of Postgres differ in when they print a parsed body: qualified names, parentheses, casts of constants, space.
const plain = (body: string): string => body.replace(/\b\w+\./g, "").replace(/::[\w ]+(\[\])?|[\s()]/g, "");

const hashAll = async (db: Db, texts: string[]): Promise<string[]> =>
  (await db.query<{ hash: string }>(HASH, [texts])).rows.map((row) => row.hash);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const withComment = ({ line, comment }: Line): string => (comment === null ? line : `${line}  -- ${comment}`);

const tableLines = async (db: Db): Promise<string[]> => {
  const tables = (await db.query<Table>(TABLES)).rows.sort((a, b) => byText(a.name, b.name));
  const parts = (await db.query<Part>(PARTS)).rows.sort((a, b) => a.rank - b.rank || byText(a.key, b.key));
  const hashes = await hashAll(
    db,
    tables.map((table) => plain(table.body ?? "")),
  );
  return tables.map((table, index) => {
    const own = parts.filter((part) => part.table === table.oid).map((part) => `  ${withComment(part)}`);
    const body = table.body === null ? [] : [`  body ${hashes[index]}`];
    return [withComment(table), ...own, ...body].join("\n");
  });
};

const functionLines = async (db: Db): Promise<string[]> => {
  const found = (await db.query<Fn>(FUNCTIONS)).rows.sort((a, b) => byText(a.line, b.line));
  const hashes = await hashAll(
    db,
    found.map((one) => (one.isParsed ? plain(one.body) : one.body)),
  );
  return found.map((one, index) => `${withComment(one)}\n  body ${hashes[index]}`);
};

/** The whole of the schemas syncline and api as text that ends with a line break. */
export const dumpSchema = async (db: Db): Promise<string> => {
  const types = (await db.query<Line>(TYPES)).rows.map(withComment).sort(byText);
  return `${[...types, ...(await tableLines(db)), ...(await functionLines(db))].join("\n\n")}\n`;
};
