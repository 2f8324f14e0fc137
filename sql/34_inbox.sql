-- 34_inbox.sql: taking what providers send.
-- Promise: what is told to be stored is a row, once: by the provider's own id of it, or for a while by what it says. Batches of
-- several processes insert in the order of the keys, so that they do not wait for each other in a circle; ids follow arrival.
-- What was judged by an integration that was changed meanwhile is not stored: so the server may remember it and asks once.
-- Lock order: inbox by key, then integrations and environments (key share).
create or replace function syncline.find_webhook_targets(p_environments uuid[], p_keys text[])
returns table (n int, environment_id int, integration_id int, version text, provider text, custom_secret text,
  webhook_secret_sealed bytea, credentials_sealed bytea)
language sql stable
begin atomic
  select a.n::int, e.id, i.id, i.xmin::text, i.provider, i.custom ->> 'webhookSecret', i.webhook_secret_sealed, i.credentials_sealed
    from unnest(p_environments, p_keys) with ordinality as a (environment, key, n)
    join syncline.environments e on e.uid = a.environment and e.deleted_at is null
    left join syncline.integrations i on i.environment_id = e.id and i.unique_key = a.key and i.deleted_at is null;
end;
comment on function syncline.find_webhook_targets(uuid[], text[]) is 'The live environments and integrations that webhooks were sent to, with the secrets that these are signed with, and a version that any change of the integration changes; no row for an environment that is not there, no integration where there is none of the key.';

create or replace function syncline.find_lookup_secrets(p_integration int, p_lookups jsonb, p_field text) returns text[]
language sql stable
return array(
  -- A hundred: enough for any account, and checking one costs 5 us.
  select distinct n.metadata ->> p_field
    from syncline.find_lookup_connections(p_integration, p_lookups) f
    join syncline.connections n on n.id = f.connection_id
   where jsonb_typeof(n.metadata -> p_field) = 'string'
   limit 100
);
comment on function syncline.find_lookup_secrets(int, jsonb, text) is 'The texts in this field of the metadata of the connections that the first lookup with any finds, at most 100.';

-- The setting here and below: a plan made while the table was small would read all of it.
create or replace function syncline.release_inbox_keys(p_integrations int[], p_keys bytea[]) returns void
language sql volatile set enable_seqscan = off
begin atomic
  with old as materialized (
    select x.id
      from (select distinct u.integration, u.key from unnest(p_integrations, p_keys) as u (integration, key) order by 1, 2) a
     cross join lateral (
       select o.id from syncline.inbox o
        where o.integration_id = a.integration and o.dedupe_key = a.key
          and o.received_at < syncline.now() - (select c.inbox_dedupe_window from syncline.settings c)
          for no key update) x
  )
  update syncline.inbox x set dedupe_key = null from old where x.id = old.id;
end;
comment on function syncline.release_inbox_keys(int[], bytea[]) is 'Take these keys from webhooks that came longer ago than the window of deduplication.';

create or replace function syncline.count_inbox_duplicates(p_integrations int[], p_keys bytea[], p_body_hashes bytea[]) returns boolean[]
language sql volatile set enable_seqscan = off
begin atomic
  with kept as materialized (
    select a.integration, a.key, a.count, x.id, x.body_hash
      from (
        select u.integration, u.key, count(*)
          from unnest(p_integrations, p_keys) as u (integration, key) group by 1, 2 order by 1, 2) a
     cross join lateral (
       select o.id, o.body_hash from syncline.inbox o
        where o.integration_id = a.integration and o.dedupe_key = a.key
          for no key update) x
  ), counted as (
    update syncline.inbox x
       set duplicates = x.duplicates + k.count, last_duplicate_at = syncline.now()
      from kept k
     where x.id = k.id
  )
  select array(
    select k.body_hash = u.body_hash
      from unnest(p_integrations, p_keys, p_body_hashes) with ordinality as u (integration, key, body_hash, n)
      left join kept k on k.integration = u.integration and k.key = u.key
     order by u.n);
end;
comment on function syncline.count_inbox_duplicates(int[], bytea[], bytea[]) is 'Count webhooks that came again; whether each has the body of the one that is kept (null when that one is gone).';

create or replace function syncline.insert_events(
  p_uids uuid[], p_integrations int[], p_reasons text[], p_verified boolean[], p_delivery_ids text[], p_keys bytea[],
  p_body_hashes bytea[], p_contents bytea[], p_bytes int[], p_parts text[], p_versions text[]) returns uuid[]
language sql volatile
begin atomic
  with given as materialized (
    select nextval('syncline.inbox_id_seq') as id, a.*
      from (
        select * from unnest(p_uids, p_integrations, p_reasons, p_verified, p_delivery_ids, p_keys, p_body_hashes, p_contents, p_bytes, p_parts, p_versions)
          with ordinality as u (uid, integration, reason, is_verified, delivery_id, key, body_hash, content, bytes, parts, version, n)
         order by u.n) a
  ), firsts as (
    select g.*, row_number() over (partition by g.integration, g.key order by g.n) as place from given g
  ), made as (
    insert into syncline.inbox (id, uid, environment_id, integration_id, verdict, reason, delivery_id, dedupe_key, body_hash, content_sealed, bytes, parts, state)
    overriding system value
    select f.id, f.uid, i.environment_id, i.id,
           case when f.reason is not null then 'refused' when f.is_verified then 'verified' else 'unverified' end, f.reason,
           f.delivery_id, f.key, f.body_hash, f.content, f.bytes, f.parts::jsonb, case when f.reason is null then 'waiting' else 'refused' end
      from firsts f
      join syncline.integrations i on i.id = f.integration and i.deleted_at is null and (f.version is null or i.xmin::text = f.version)
      join syncline.environments e on e.id = i.environment_id and e.deleted_at is null
     where f.place = 1 or f.key is null
     order by f.integration, f.key, f.id
        on conflict (integration_id, dedupe_key) where dedupe_key is not null do nothing
    returning uid
  )
  select coalesce(array_agg(m.uid), '{}') from made m;
end;
comment on function syncline.insert_events(uuid[], int[], text[], boolean[], text[], bytea[], bytea[], bytea[], int[], text[], text[]) is 'Store webhooks whose keys nobody holds, of live integrations at these versions (null: at any); the uids of those stored.';

create or replace function syncline.accept_events(
  p_uids uuid[], p_integrations int[], p_reasons text[], p_verified boolean[], p_delivery_ids text[], p_keys bytea[],
  p_body_hashes bytea[], p_contents bytea[], p_bytes int[], p_parts text[], p_versions text[]) returns text
language plpgsql volatile as $$
declare
  v_stored uuid[];
  v_again int[];
  v_same boolean[];
begin
  -- Without an id of the provider's a key holds for a while only.
  if array_position(p_delivery_ids, null) is not null then
    perform syncline.release_inbox_keys(array_agg(a.integration), array_agg(a.key))
       from unnest(p_integrations, p_keys, p_delivery_ids) as a (integration, key, delivery_id)
      where a.key is not null and a.delivery_id is null;
  end if;
  v_stored := syncline.insert_events(
    p_uids, p_integrations, p_reasons, p_verified, p_delivery_ids, p_keys, p_body_hashes, p_contents, p_bytes, p_parts, p_versions);
  if cardinality(v_stored) = cardinality(p_uids) then
    return repeat('+', cardinality(p_uids));
  end if;
  v_again := array(
    select a.n
      from unnest(p_uids, p_integrations, p_keys, p_versions) with ordinality as a (uid, integration, key, version, n)
      join syncline.integrations i on i.id = a.integration and i.deleted_at is null and (a.version is null or i.xmin::text = a.version)
      join syncline.environments e on e.id = i.environment_id and e.deleted_at is null
     where a.uid <> all (v_stored) and a.key is not null
     order by a.n);
  v_same := syncline.count_inbox_duplicates(
    array(select p_integrations[n] from unnest(v_again) as n), array(select p_keys[n] from unnest(v_again) as n),
    array(select p_body_hashes[n] from unnest(v_again) as n));
  return string_agg(case
      when a.uid = any (v_stored) then '+'
      when array_position(v_again, a.n::int) is null then '-'
      when v_same[array_position(v_again, a.n::int)] is false then '!'
      else '=' end, '' order by a.n)
    from unnest(p_uids) with ordinality as a (uid, n);
end $$;
comment on function syncline.accept_events(uuid[], int[], text[], boolean[], text[], bytea[], bytea[], bytea[], int[], text[], text[]) is 'Store webhooks in the order they came in; a reason refuses one. A letter for each: + stored, = came again, ! came again with another body, - its integration is gone, or not at the version given (null: any) any more.';

create or replace function syncline.ring_inbox() returns void
language plpgsql volatile as $$
begin
  -- One waiting job at most: it handles all that waits.
  perform graphile_worker.add_job('inbox', '{}'::json, job_key => 'inbox', max_attempts => 3);
end $$;
comment on function syncline.ring_inbox() is 'Ring for webhooks that wait to be handled.';
