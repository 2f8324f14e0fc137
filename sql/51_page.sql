-- 51_page.sql: pages of many streams at once, for a reader that asks with the rights of the application role.
-- Promise: one statement, however many connections. What the role does not see is not there.
create or replace function syncline.find_connections(p_connection text, p_integrations text[])
returns table (id int, integration text)
language sql stable
begin atomic
  select n.id, i.unique_key
    from syncline.integrations i
    join syncline.connections n on n.integration_id = i.id and n.connection_id = p_connection and n.deleted_at is null
   where i.deleted_at is null and (p_integrations is null or i.unique_key = any (p_integrations))
   order by i.unique_key;
end;
comment on function syncline.find_connections(text, text[]) is 'The connections of this name that the role sees, in these integrations (null: any): row-level security says of which environment.';

create or replace function syncline.read_pages(
  p_connections int[], p_models text[], p_variants text[], p_after_stream int, p_after_pos bigint, p_modified_after timestamptz,
  p_actions text[], p_ids text[], p_limit int, p_with_payload boolean)
returns table (page int, stream_id int, external_id text, pos bigint, first_seen_at timestamptz, last_modified_at timestamptz,
  last_action text, deleted_at timestamptz, pruned_at timestamptz, payload bytea)
language sql stable
begin atomic
  select u.page::int, r.*
    from unnest(p_connections, p_models, p_variants) with ordinality as u (connection, model, variant, page)
   cross join lateral syncline.read_records(
     u.connection, u.model, u.variant, p_after_stream, p_after_pos, p_modified_after, p_actions, p_ids, p_limit, p_with_payload) r;
end;
comment on function syncline.read_pages(int[], text[], text[], int, bigint, timestamptz, text[], text[], int, boolean) is 'read_records for several connections, models and variants in one statement; page is the place in the lists, from 1.';
