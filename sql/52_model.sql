-- 52_model.sql: which models an environment has, for whoever makes types of them.
-- Promise: a model keeps its place in the list for good, so what is named by that order is never renamed by a deployment.
create or replace function syncline.announce_models(p_environment int) returns void
language sql volatile
begin atomic
  -- The same notice is sent once a transaction, however many functions it deploys.
  select pg_notify('syncline_deployed', p_environment::text);
end;
comment on function syncline.announce_models(int) is 'Tell the API processes that functions of an environment were deployed or taken out of use.';

create or replace function syncline.declare_models(p_environment int, p_integration int, p_models jsonb) returns void
language sql volatile
begin atomic
  insert into syncline.models (environment_id, integration, name, schema)
  select p_environment, i.unique_key, m.key, m.value
    from syncline.integrations i
   cross join lateral jsonb_each(coalesce(p_models, '{}')) m
   where i.id = p_integration
   order by m.key
  on conflict (environment_id, integration, name) do nothing;
  select syncline.announce_models(p_environment);
end;
comment on function syncline.declare_models(int, int, jsonb) is 'Remember the models of a function that is deployed, with the first schema each had.';

create or replace function syncline.list_models(p_environment int)
returns table (integration text, model text, first_schema jsonb, schemas jsonb)
language sql stable
begin atomic
  with active as (
    select i.unique_key as integration, m.key as model, jsonb_agg(m.value order by f.id) as schemas, min(f.id) as function_id
      from syncline.functions f
      join syncline.integrations i on i.id = f.integration_id
     cross join lateral jsonb_each(coalesce(f.definition -> 'models', '{}')) m
     where f.environment_id = p_environment and f.is_active and f.kind = 'sync'
     group by 1, 2
  ), declared as (
    select d.id, d.integration, d.name, d.schema from syncline.models d where d.environment_id = p_environment
  )
  select coalesce(a.integration, d.integration), coalesce(a.model, d.name), coalesce(d.schema, a.schemas -> 0), coalesce(a.schemas, '[]')
    from active a
    full join declared d on d.integration = a.integration and d.name = a.model
   order by d.id nulls last, a.function_id, a.model;
end;
comment on function syncline.list_models(int) is 'Every model an environment ever had, in the order of their first deployments: the first schema, and those of the functions in use (none: it is out of use). A renamed integration''s stand last until it deploys.';

create or replace function syncline.list_model_versions(p_environments int[])
returns table (environment int, version text)
language sql stable
begin atomic
  select e.id, concat_ws('.', max(f.id), count(f.id) filter (where f.is_active), max(i.updated_at))
    from unnest(p_environments) as e (id)
    left join syncline.functions f on f.environment_id = e.id
    left join syncline.integrations i on i.id = f.integration_id
   group by e.id;
end;
comment on function syncline.list_model_versions(int[]) is 'For each environment a text that changes when its models may have changed.';
