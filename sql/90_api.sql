-- 90_api.sql: what GraphQL shows of environments, integrations, connections and functions.
-- Promise: every view of schema api asks with the rights of the role that reads (security_invoker), so row-level security
-- decides what is there. Comments are the descriptions in the GraphQL schema; lines that begin with @ speak to
-- src/graphql/shape.ts and PostGraphile. A column is never null unless its comment says @nullable. A column whose name ends
-- in _row holds the key of a relation and is not shown.
create or replace view api.environments with (security_invoker) as
select e.id, e.uid, e.name, e.created_at
  from syncline.environments e
 where e.deleted_at is null;
comment on view api.environments is '
@primaryKey id|@behavior -single
@order name
An environment: the tenant that owns integrations, connections and all that belongs to them. Only the one that the request''s key acts for is there.';
comment on column api.environments.id is 'Its number.';
comment on column api.environments.uid is 'Its id in the REST API.';
comment on column api.environments.name is 'Its name, such as prod.';
comment on column api.environments.created_at is 'When it was made.';

create or replace view api.integrations with (security_invoker) as
select i.id, i.environment_id as environment_row, i.unique_key, i.provider, i.display_name, i.forward_webhooks, i.created_at, i.updated_at
  from syncline.integrations i
 where i.deleted_at is null;
comment on view api.integrations is '
@primaryKey id|@behavior -single
@unique unique_key|@fieldName integration
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName integrations
@order unique_key
@filter unique_key provider
A provider as the environment uses it.';
comment on column api.integrations.id is 'Its number.';
comment on column api.integrations.unique_key is 'Its name in the environment: what arguments named `integration` take.';
comment on column api.integrations.provider is 'Its entry in the catalogue; see `provider(name:)`.';
comment on column api.integrations.display_name is 'Its name for people.';
comment on column api.integrations.forward_webhooks is 'Whether the provider''s webhooks reach the app.';
comment on column api.integrations.created_at is 'When it was made.';
comment on column api.integrations.updated_at is 'When it was last changed.';

create or replace view api.connections with (security_invoker) as
select n.id, n.environment_id as environment_row, n.integration_id as integration_row, i.unique_key as integration, n.connection_id,
       n.auth_mode, n.metadata, n.tags, n.end_user, n.webhook_url_override, n.credentials_expire_at,
       n.created_at, n.updated_at, n.last_fetched_at,
       -- Asked for one by one: what nobody wants to see costs nothing.
       coalesce(
         (select case when a.exhausted_at is not null then 'given_up' when a.error is not null then 'failing' else 'ok' end
            from syncline.connection_auth a where a.connection_id = n.id), 'ok') as auth_status,
       (select jsonb_build_object(
                 'type', a.error ->> 'type', 'description', a.error ->> 'description',
                 'since', a.error ->> 'since', 'logId', a.error_log_id::text)
          from syncline.connection_auth a where a.connection_id = n.id and a.error is not null) as auth_error
  from syncline.connections n
  join syncline.integrations i on i.id = n.integration_id
 where n.deleted_at is null;
comment on view api.connections is '
@primaryKey id|@behavior -single
@unique integration,connection_id|@fieldName connection
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName connections
@foreignKey (integration_row) references integrations (id)|@fieldName integration|@foreignFieldName connections
@order -created_at,id
@filter integration connection_id
One customer''s account at one integration. Its credentials are not shown here.';
comment on column api.connections.id is 'Its number.';
comment on column api.connections.integration is E'@hidden\nThe `uniqueKey` of its integration.';
comment on column api.connections.connection_id is 'Its id as the app chose it.';
comment on column api.connections.auth_mode is 'How it signs in, such as OAUTH2 or API_KEY.';
comment on column api.connections.metadata is 'What the app keeps with it.';
comment on column api.connections.tags is 'Its tags, by name.';
comment on column api.connections.end_user is E'@nullable\nWhose it is.';
comment on column api.connections.webhook_url_override is E'@nullable\nWhere its webhooks go instead.';
comment on column api.connections.credentials_expire_at is E'@nullable\nWhen its credentials must be renewed.';
comment on column api.connections.auth_status is E'@enum AuthStatus ok failing given_up\nWhether its credentials hold: failing when renewing or testing them failed last, given up after failures on 4 days.';
comment on column api.connections.auth_error is E'@nullable\nWhy its credentials fail: {type, description, since, logId}.';
comment on column api.connections.created_at is 'When it was made.';
comment on column api.connections.updated_at is 'When it was last changed.';
comment on column api.connections.last_fetched_at is E'@nullable\nWhen its credentials were last used.';

create or replace view api.functions with (security_invoker) as
select f.id, f.environment_id as environment_row, f.integration_id as integration_row, f.kind, f.name, f.version,
       f.definition ->> 'description' as description, f.models, f.definition ->> 'frequency' as frequency, f.auto_start,
       f.track_deletes, f.definition, f.source, f.source_code, f.is_active, f.deployed_at
  from syncline.functions f;
comment on view api.functions is '
@primaryKey id|@fieldName function
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName functions
@foreignKey (integration_row) references integrations (id)|@fieldName integration|@foreignFieldName functions
@order name,id
@filter kind name is_active
One deployed version of a function. Runs keep showing the version that they ran.';
comment on column api.functions.id is 'Its number.';
comment on column api.functions.kind is E'@enum FunctionKind sync action on-event\nWhat calls it: a schedule, the app, or an event of a connection.';
comment on column api.functions.name is 'Its name.';
comment on column api.functions.version is 'Its version as its author wrote it.';
comment on column api.functions.description is E'@nullable\nWhat it does, as its author wrote it.';
comment on column api.functions.models is 'The models it saves, or answers with.';
comment on column api.functions.frequency is E'@nullable\nHow often it runs, for syncs.';
comment on column api.functions.auto_start is 'Whether its syncs start by themselves.';
comment on column api.functions.track_deletes is 'Whether what a full sync did not see is deleted.';
comment on column api.functions.definition is 'Its options and the JSON schemas of its models.';
comment on column api.functions.source is E'@enum FunctionSource repo standalone catalog\nWhere it came from: a folder deployed as a whole, alone over the API, or a ready-made one that was switched on.';
comment on column api.functions.source_code is E'@nullable\nThe file as its author wrote it.';
comment on column api.functions.is_active is 'Whether it is the version that runs now.';
comment on column api.functions.deployed_at is 'When it was deployed.';
