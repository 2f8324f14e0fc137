-- 94_manual.sql: the manual, for whoever has nothing but psql.
-- Promise: every column of every view has a comment; what has an example in its comment is in the manual.
do $$
declare
  v_column record;
begin
  -- What several views show is said once.
  for v_column in
    select c.relname as view, a.attname as name, s.says
      from pg_catalog.pg_class c
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0
      join (values
        ('environment', 'Name of the environment.'),
        ('integration', 'Unique key of the integration.'),
        ('connection', 'Connection id as the app knows it.'),
        ('environment_id', 'Id of the environment: what functions take as p_environment.'),
        ('integration_id', 'Id of the integration''s row.'),
        ('connection_id', 'Id of the connection''s row.'),
        ('function_id', 'Id of the version of the function.')) as s (name, says) on s.name = a.attname
     where c.relnamespace = 'syncline'::regnamespace and c.relkind = 'v' and pg_catalog.col_description(c.oid, a.attnum) is null
  loop
    execute format('comment on column syncline.%I.%I is %L', v_column.view, v_column.name, v_column.says);
  end loop;
end $$;

create or replace function syncline.help(p_search text default '')
returns table (name text, says text, example text)
language sql stable
begin atomic
  select x.name, split_part(x.comment, ' Example: ', 1), split_part(x.comment, ' Example: ', 2)
    from (
      select c.relname::text as name, 1 as rank, obj_description(c.oid, 'pg_class') as comment
        from pg_catalog.pg_class c
       where c.relnamespace = 'syncline'::regnamespace and c.relkind = 'v'
      union all
      select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', 2, obj_description(p.oid, 'pg_proc')
        from pg_catalog.pg_proc p
       where p.pronamespace = 'syncline'::regnamespace) x
   where x.comment like '% Example: %' and (x.name || x.comment) ilike '%' || p_search || '%'
   order by x.rank, x.name;
end;
comment on function syncline.help(text) is 'The operator''s manual: views to look at, functions to call, each with an example; with a word, what mentions it. \x auto makes it readable. Example: select * from syncline.help(''webhook'');';
