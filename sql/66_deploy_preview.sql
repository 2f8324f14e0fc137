-- 66_deploy_preview.sql: what a deployment would touch, for people to agree to.
-- Promise: it changes nothing and locks nothing; what it says holds as long as nobody else deploys or connects.
create or replace function syncline.preview_deploy(p_environment int, p_functions jsonb, p_mode text)
returns table (integration text, kind text, name text, change text, auto_start boolean, event text, connections int)
language sql stable
begin atomic
  select p.integration, p.kind, p.name, p.change,
         coalesce((p.source #>> '{definition,auto_start}')::boolean, f.auto_start),
         coalesce(p.source #>> '{definition,event}', f.definition ->> 'event'),
         case when p.change = 'added' then
           (select count(*)::int from syncline.connections n where n.integration_id = p.integration_id and n.deleted_at is null)
         else
           (select count(distinct s.connection_id)::int from syncline.syncs s where s.function_id = p.old_function and s.deleted_at is null)
         end
    from syncline.plan_deploy(p_environment, p_functions, p_mode) p
    left join syncline.functions f on f.id = p.old_function
   order by p.integration, p.kind, p.name;
end;
comment on function syncline.preview_deploy(int, jsonb, text) is 'What deploying these functions would do to each, and for how many connections: those a new sync would be for, or those that have a deployed one.';
