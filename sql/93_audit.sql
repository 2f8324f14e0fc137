-- 93_audit.sql: the audit log as the REST API lists it.
-- Promise: an environment sees its own entries; pages go from newer to older and skip nothing.
create or replace function syncline.list_audit(
  p_environment int, p_actor_kind text, p_actor text, p_action text, p_subject_kind text, p_subject text,
  p_since timestamptz, p_until timestamptz, p_before bigint, p_limit int)
returns table (
  id bigint, at timestamptz, actor_kind text, actor_id text, actor_name text, ip text, action text, subject_kind text,
  subject_id text, subject_name text, fields text[])
language plpgsql stable as $$
begin
  -- As a text, so that the plan follows what is asked: one subject is found by its index.
  return query execute
    'select l.id, l.at, l.actor_kind, l.actor_id, l.actor_name, l.ip, l.action, l.subject_kind, l.subject_id, l.subject_name, l.fields
       from syncline.audit_log l
      where l.environment_id = $1 ' || concat_ws(' ',
        case when p_actor_kind is not null then 'and l.actor_kind = $2' end,
        case when p_actor is not null then 'and $3 in (l.actor_id, l.actor_name)' end,
        case when p_action is not null then 'and l.action = $4' end,
        case when p_subject_kind is not null then 'and l.subject_kind = $5' end,
        case when p_subject is not null then 'and (l.subject_id = $6 or l.subject_name = $6)' end,
        case when p_since is not null then 'and l.at >= $7' end,
        case when p_until is not null then 'and l.at < $8' end,
        case when p_before is not null then 'and (l.at, l.id) < (select b.at, b.id from syncline.audit_log b where b.environment_id = $1 and b.id = $9)' end) || '
      order by l.at desc, l.id desc
      limit $10'
    using p_environment, p_actor_kind, p_actor, p_action, p_subject_kind, p_subject, p_since, p_until, p_before, p_limit;
end $$;
comment on function syncline.list_audit(int, text, text, text, text, text, timestamptz, timestamptz, bigint, int) is 'Entries of the audit log of an environment before an entry, the newest first. Actors and subjects by kind, and by id or name; null filters match all.';

create or replace view syncline.audit_overview with (security_invoker) as
select l.at, l.environment, l.action,
       concat_ws(' ', l.actor_kind, coalesce(l.actor_name, l.actor_id)) as actor,
       coalesce(l.subject_name, l.subject_id) as subject,
       array_to_string(l.fields, ', ') as fields, l.ip, l.actor_kind, l.actor_id, l.subject_kind, l.subject_id,
       l.environment_id, l.id
  from syncline.audit_log l
 order by l.at desc, l.id desc;
comment on view syncline.audit_overview is 'Who did what, the newest first: each change of configuration and each look at credentials. Entries without an environment are about all of them. Example: select at, actor, action, subject, fields from syncline.audit_overview where environment = ''prod'' and at > syncline.now() - interval ''1 day'' limit 100;';
comment on column syncline.audit_overview.at is 'When.';
comment on column syncline.audit_overview.action is 'What was done, such as connection.deleted or settings.updated.';
comment on column syncline.audit_overview.actor is 'By whom: the kind and the name.';
comment on column syncline.audit_overview.subject is 'To what, by its name of then.';
comment on column syncline.audit_overview.fields is 'The fields that changed. Their values are not kept.';
comment on column syncline.audit_overview.ip is 'Where the request came from.';
comment on column syncline.audit_overview.actor_kind is 'api_key, account_key, connect_session, graphql (an API key by GraphQL), run (of a function), operator (a role that logged into the database) or system (the server by itself).';
comment on column syncline.audit_overview.actor_id is 'The number of the key, session or run; the role of an operator.';
comment on column syncline.audit_overview.subject_kind is 'What kind of thing it was done to.';
comment on column syncline.audit_overview.subject_id is 'Its number.';
comment on column syncline.audit_overview.id is 'The number of the entry.';
