-- 38_version.sql: keeping the versions of records that end.
-- A version is what a record was between two changes: from its last_modified_at until that of the next change. Whatever
-- changes a record of a stream with history keeps, in the same statement, the version that ends: the statement's snapshot
-- still has it ("returning old.*" would need Postgres 18). New records end nothing and cost nothing.
-- Promise: both times are taken under the stream's lock, so the versions of a record neither overlap nor leave gaps.
create or replace function syncline.ending_versions(p_stream int, p_ids text[], p_at timestamptz)
returns table (
  pos bigint, run_id bigint, first_seen_at timestamptz, valid_from timestamptz, valid_to timestamptz, deleted_at timestamptz,
  pruned_at timestamptz, stream_id int, last_action "char", hash bytea, external_id text, payload bytea)
language sql stable
begin atomic
  -- In the order of the columns of record_versions.
  select r.pos, r.run_id, r.first_seen_at, r.last_modified_at, p_at, r.deleted_at, r.pruned_at, r.stream_id, r.last_action, r.hash,
         r.external_id, r.payload
    from syncline.records r
   where r.stream_id = p_stream and r.external_id = any (p_ids);
end;
comment on function syncline.ending_versions(int, text[], timestamptz) is 'Records as rows of record_versions that end now: as they were before the statement that asks.';

create or replace function syncline.keep_history(p_stream int, p_is_on boolean) returns void
language sql volatile
begin atomic
  update syncline.streams t
     set history_since = case when p_is_on then greatest(syncline.wall_clock(), t.last_change_at) end
   where t.id = p_stream and (t.history_since is not null) <> p_is_on;
end;
comment on function syncline.keep_history(int, boolean) is 'Begin to keep versions of a stream''s records, or stop: then what was kept is forgotten, and housekeeping deletes it.';
