-- 33_lookup.sql: which connections a provider's webhook is about.
-- Promise: what is looked for is found by its text (42 in a document is what "42" in a webhook says) and by an index, though the
-- tables were never analysed: among 100,000 connections of an integration a look-up takes 0.1 ms.
create or replace function syncline.lookup_documents(p_path text[], p_value text, p_in_arrays boolean) returns jsonb[]
language plpgsql immutable parallel safe as $$
declare
  v_values jsonb[] := array[to_jsonb(p_value)];
  v_value jsonb;
  v_documents jsonb[] := '{}';
begin
  if p_value ~ '^(-?(0|[1-9]\d{0,37})(\.\d{1,30})?|true|false)$' then
    v_values := v_values || p_value::jsonb;
  end if;
  if p_in_arrays then
    v_values := v_values || array(select jsonb_build_array(v.value) from unnest(v_values) as v (value));
  end if;
  foreach v_value in array v_values loop
    for v_depth in reverse cardinality(p_path)..1 loop
      v_value := jsonb_build_object(p_path[v_depth], v_value);
    end loop;
    v_documents := v_documents || v_value;
  end loop;
  return v_documents;
end $$;
comment on function syncline.lookup_documents(text[], text, boolean) is 'What a document contains (@>) when it has this value, or an array with it, at this path: one of the list.';

-- Both settings: a custom plan costs 0.4 ms a call, and a generic one made while the table was small would read all of it.
create or replace function syncline.find_lookup_connections(p_integration int, p_lookups jsonb)
returns table (connection_id int)
language plpgsql stable rows 2 set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  v_lookup jsonb;
  v_by text;
  v_value text;
  v_documents jsonb[];
begin
  for v_lookup in select l.value from jsonb_array_elements(p_lookups) with ordinality as l (value, n) order by l.n loop
    v_by := v_lookup ->> 'by';
    v_value := v_lookup ->> 'value';
    if v_by = 'all' then
      return query
        select n.id from syncline.connections n where n.integration_id = p_integration and n.deleted_at is null;
    elsif v_by = 'connectionId' then
      return query
        select n.id from syncline.connections n
         where n.integration_id = p_integration and n.connection_id = v_value and n.deleted_at is null;
    elsif v_by like 'metadata.%' then
      v_documents := syncline.lookup_documents(array[substr(v_by, 10)], v_value, true);
      -- Both other conditions are such as no index knows: one by integration would give all of a large one's connections.
      return query
        select n.id from syncline.connections n
         where n.integration_id + 0 = p_integration and n.metadata @> any (v_documents)
           and coalesce(n.deleted_at, 'infinity') = 'infinity';
    elsif v_by like 'config.%' then
      -- A key may be written with dots itself; such a one comes before a path.
      v_documents := syncline.lookup_documents(array[substr(v_by, 8)], v_value, false);
      return query
        select n.id from syncline.connections n
         where n.integration_id + 0 = p_integration and n.connection_config @> any (v_documents)
           and coalesce(n.deleted_at, 'infinity') = 'infinity';
      if not found and strpos(substr(v_by, 8), '.') > 0 then
        v_documents := syncline.lookup_documents(string_to_array(substr(v_by, 8), '.'), v_value, false);
        return query
          select n.id from syncline.connections n
           where n.integration_id + 0 = p_integration and n.connection_config @> any (v_documents)
             and coalesce(n.deleted_at, 'infinity') = 'infinity';
      end if;
    end if;
    -- `found` is of the last query: the first lookup that finds any counts.
    exit when found;
  end loop;
end $$;
comment on function syncline.find_lookup_connections(int, jsonb) is 'The live connections of an integration that the first lookup with any finds; each {"by": "all"}, or {"by": "connectionId" | "metadata.<key>" | "config.<key>", "value"}. A key of the config is also a path with dots; one of the metadata may hold an array with the value.';
