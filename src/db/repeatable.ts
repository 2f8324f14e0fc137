// Removes what came from sql/: the functions and views of the schemas syncline and api. Kept are those that a column default,
// constraint, index, trigger or policy needs, and what those need in turn; `create or replace` renews these in place.
import type pg from "pg";

// Objects are named by (catalog, oid). A view is also known as its rewrite rule and its row type: all count as the view.
const DROPPABLE = `
with recursive own as (
  select 'pg_proc'::regclass::oid as class, p.oid, 'routine' as kind, p.oid::regprocedure::text as name
    from pg_proc p
   where p.pronamespace in (to_regnamespace('syncline'), to_regnamespace('api'))
     and not exists (select from pg_depend d
                      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  union all
  select 'pg_class'::regclass, c.oid, 'view', c.oid::regclass::text
    from pg_class c
   where c.relnamespace in (to_regnamespace('syncline'), to_regnamespace('api')) and c.relkind = 'v'
), alias as (
  select o.class, o.oid, o.class as of_class, o.oid as of_oid from own o
  union all
  select 'pg_rewrite'::regclass, r.oid, o.class, o.oid from own o join pg_rewrite r on r.ev_class = o.oid where o.kind = 'view'
  union all
  select 'pg_type'::regclass, t.oid, o.class, o.oid
    from own o join pg_type row_type on row_type.typrelid = o.oid
    join pg_type t on t.oid in (row_type.oid, row_type.typarray)
   where o.kind = 'view'
), needs as (
  select user_alias.of_class as user_class, user_alias.of_oid as user_oid, used.of_class, used.of_oid
    from pg_depend d
    join alias used on used.class = d.refclassid and used.oid = d.refobjid
    left join alias user_alias on user_alias.class = d.classid and user_alias.oid = d.objid
   where d.deptype in ('n', 'a')
), kept as (
  select of_class, of_oid from needs where user_oid is null
  union
  select n.of_class, n.of_oid from kept k join needs n on n.user_class = k.of_class and n.user_oid = k.of_oid
)
select o.kind, o.name
  from own o
 where not exists (select from kept k where k.of_class = o.class and k.of_oid = o.oid)
 order by o.kind, o.name`;

/** Drop them; safe to call when there are none, or no schema. Nothing outside of sql/ is lost, so `cascade` is only about order. */
export const dropRepeatable = async (client: pg.ClientBase): Promise<void> => {
  await client.query("set local search_path = ''");
  const { rows } = await client.query<{ kind: string; name: string }>(DROPPABLE);
  for (const { kind, name } of rows) await client.query(`drop ${kind} if exists ${name} cascade`);
};
