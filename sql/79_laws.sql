-- 79_laws.sql: the laws that no constraint can hold.
-- Promise: on an installation that works they hold at every instant, whoever is at work beside.
create or replace function syncline.check_invariants()
returns table (law text, subject text, detail text)
language sql stable
begin atomic
  select 'streams count their live records', 'stream ' || t.id, format('%s counted, %s there', t.records, c.live)
    from syncline.streams t
    cross join lateral (
      select count(*) filter (where r.last_action <> 'D') as live from syncline.records r where r.stream_id = t.id) c
   where t.retired_at is null and t.records <> c.live
  union all
  select 'no record stands beyond its stream''s head', 'stream ' || t.id, format('head %s, position %s', t.head, c.top)
    from syncline.streams t
    cross join lateral (select max(r.pos) as top from syncline.records r where r.stream_id = t.id) c
   where c.top > t.head
  union all
  select 'every record has a stream', 'stream ' || r.stream_id, count(*)::text
    from syncline.records r
   where not exists (select from syncline.streams t where t.id = r.stream_id)
   group by r.stream_id
  union all
  select 'every version has a stream', 'stream ' || v.stream_id, count(*)::text
    from syncline.record_versions v
   where not exists (select from syncline.streams t where t.id = v.stream_id)
   group by v.stream_id
  union all
  select 'the versions of a record neither overlap nor leave gaps', format('stream %s, record %s', b.stream_id, b.external_id), b.detail
    from syncline.broken_histories() b
  union all
  select 'a started sync has a live run or a next tick', 'sync ' || s.id, s.name
    from syncline.syncs s
   where s.state = 'started' and s.deleted_at is null and s.next_run_at is null
     and syncline.live_run(s.id) is null
  union all
  select 'calls of webhooks that are being made are a live webhook run''s', 'call ' || c.id, format('run %s', c.run_id)
    from syncline.webhook_calls c
   where c.state = 'running'
     and not exists (
       select from syncline.runs r
        where r.id = c.run_id and r.sync_id = c.sync_id and r.kind = 'webhook' and r.state in ('ready', 'running'))
  union all
  select 'what webhooks owe, they owe to syncs that exist', 'call ' || c.id, 'sync ' || c.sync_id
    from syncline.webhook_calls c
    join syncline.syncs s on s.id = c.sync_id
   where c.ended_at is null and s.deleted_at is not null
  union all
  select 'a checkpoint''s run exists', 'connection ' || k.connection_id, k.name
    from syncline.checkpoints k
   where k.run_id > (select coalesce(max(r.id), 0) from syncline.runs r);
end;
comment on function syncline.check_invariants() is 'The laws that no constraint can hold, checked now; no row means all hold. Reads every record and version once. Example: select * from syncline.check_invariants();';
