-- why: GraphQL names a type after a model for good; which came first decides who has the plain name, and functions are purged
-- breaking: no
create table syncline.models (
  id             int   generated always as identity primary key,
  environment_id int   not null references syncline.environments on delete cascade,
  integration    text  not null,
  name           text  not null,
  schema         jsonb not null
);
comment on table syncline.models is 'One row per model that an integration of an environment ever had, in the order of their first deployments, with the schema of the first. Integrations are named as they were: their rows go earlier.';
create unique index models_name on syncline.models (environment_id, integration, name);
alter table syncline.models enable row level security;

insert into syncline.models (environment_id, integration, name, schema)
select d.environment_id, d.integration, d.name, d.schema
  from (
    select distinct on (f.environment_id, i.unique_key, m.key)
           f.environment_id, i.unique_key as integration, m.key as name, m.value as schema, f.id as function_id
      from syncline.functions f
      join syncline.integrations i on i.id = f.integration_id
     cross join lateral jsonb_each(coalesce(f.definition -> 'models', '{}')) m
     order by f.environment_id, i.unique_key, m.key, f.id) d
 order by d.function_id, d.name;
