-- 88_ops.sql: what else an operator does: payloads forgotten, keys counted.
create or replace function syncline.prune(p_stream int, p_before timestamptz) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until bigint;
  v_step record;
  v_count bigint := 0;
begin
  if not exists (select from syncline.streams t where t.id = p_stream and t.retired_at is null) then
    raise exception using errcode = 'SL002', message = 'no such stream', detail = format('stream %s', p_stream),
      hint = 'select stream_id, environment, integration, connection, model, variant from syncline.stream_overview;';
  elsif p_before is null then
    raise exception using errcode = 'SL004', message = 'no time given', hint = 'select syncline.prune(3, syncline.now() - interval ''30 days'');';
  end if;
  v_until := syncline.first_position_since(p_stream, p_before) - 1;
  loop
    select p.* into v_step from syncline.prune_stream(p_stream, v_until, 5000) p;
    v_count := v_count + v_step.count;
    exit when not v_step.has_more or v_step.has_more is null;
  end loop;
  return v_count;
end $$;
comment on function syncline.prune(int, timestamptz) is 'Forget the payloads of a stream''s records that have not changed since a time; how many. Records, order and cursors stay; a run that saves into the stream waits meanwhile (some seconds for a million). What is gone comes back only when the provider changes it, or by a reset with an empty cache. Example: select syncline.prune(3, syncline.now() - interval ''30 days'');  (stream_id of stream_overview)';

create or replace function syncline.rotate_keys_status()
returns table (master_key text, environments bigint, connections bigint, oldest_at timestamptz, newest_at timestamptz)
language sql stable
begin atomic
  select k.master_key_id, count(*) filter (where k.connection_id is null), count(k.connection_id), min(k.created_at), max(k.created_at)
    from syncline.data_keys k
   group by k.master_key_id
   order by max(k.created_at) desc;
end;
comment on function syncline.rotate_keys_status() is 'How many data keys of environments and connections each master key wraps; more than one row: a rotation is not through, and the old master key is still needed. Example: select * from syncline.rotate_keys_status();';
