-- 63_connection_export.sql: connections as a whole, to be made anew elsewhere.
-- Promise: each page is written down in the audit log, connection by connection, in the statement that reads it.
create or replace function syncline.export_connections(
  p_environment int, p_integration text, p_connection text, p_after int, p_limit int, p_reader jsonb)
returns table (
  id int, connection_id text, provider_config_key text, provider text, auth_mode text, credentials_sealed bytea,
  connection_config jsonb, metadata jsonb, tags jsonb, end_user jsonb, webhook_url_override text, created_at timestamptz)
language sql volatile
begin atomic
  with found as materialized (
    select n.id, n.connection_id, i.unique_key, i.provider, n.auth_mode, n.credentials_sealed, n.connection_config, n.metadata, n.tags,
           n.end_user, n.webhook_url_override, n.created_at
      from syncline.connections n
      join syncline.integrations i on i.id = n.integration_id
     where n.environment_id = p_environment and n.deleted_at is null and n.id > p_after
       and (p_integration is null or i.unique_key = p_integration)
       and (p_connection is null or n.connection_id = p_connection)
     order by n.id
     limit p_limit
  )
  select f.id, f.connection_id, f.unique_key, f.provider, f.auth_mode, f.credentials_sealed, f.connection_config, f.metadata, f.tags,
         f.end_user, f.webhook_url_override, f.created_at
    from found f
   where syncline.note_reader(p_environment, f.id, f.unique_key || '/' || f.connection_id, p_reader)
   order by f.id;
end;
comment on function syncline.export_connections(int, text, text, int, int, jsonb) is 'Connections with their sealed credentials after a number, in the order of their numbers; null filters match all. It is written down that this reader is shown them.';

create or replace function syncline.count_connections(p_environment int, p_integration text, p_connection text) returns int
language sql stable
return (
  select count(*)::int
    from syncline.connections n
    join syncline.integrations i on i.id = n.integration_id
   where n.environment_id = p_environment and n.deleted_at is null
     and (p_integration is null or i.unique_key = p_integration)
     and (p_connection is null or n.connection_id = p_connection)
);
comment on function syncline.count_connections(int, text, text) is 'How many connections export_connections would give in all.';
