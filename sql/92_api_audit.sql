-- 92_api_audit.sql: what GraphQL shows of the audit log. See 90_api.sql.
create or replace view api.audit_entries with (security_invoker) as
select l.id, l.environment_id as environment_row, l.at, l.actor_kind, l.actor_id, l.actor_name, l.ip, l.action, l.subject_kind,
       l.subject_id, l.subject_name, l.fields
  from syncline.audit_log l;
comment on view api.audit_entries is '
@primaryKey id|@behavior -single
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName auditEntries
@order -at,id
@filter action actor_kind actor_id subject_kind subject_id
@range at
@behavior -totalCount -node
That somebody changed the configuration, or was shown credentials.';
comment on column api.audit_entries.id is 'Its number; later ones have higher numbers.';
comment on column api.audit_entries.at is 'When.';
comment on column api.audit_entries.actor_kind is E'@enum ActorKind api_key account_key connect_session run graphql operator system\nWho: a key, a connect session, a run of a function, a key by GraphQL, somebody in the database, or the server by itself.';
comment on column api.audit_entries.actor_id is E'@nullable\nThe number of the key, session or run; the role of an operator.';
comment on column api.audit_entries.actor_name is E'@nullable\nIts name of then.';
comment on column api.audit_entries.ip is E'@nullable\nWhere the request came from.';
comment on column api.audit_entries.action is 'What was done, such as `connection.deleted`.';
comment on column api.audit_entries.subject_kind is 'What kind of thing it was done to.';
comment on column api.audit_entries.subject_id is E'@nullable\nIts number.';
comment on column api.audit_entries.subject_name is E'@nullable\nIts name of then.';
comment on column api.audit_entries.fields is 'The names of the fields that changed.';
