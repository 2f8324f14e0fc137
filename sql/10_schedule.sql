-- 10_schedule.sql: when a sync is due.
-- Promise: ticks lie on a grid that depends on the sync and its frequency alone, so that a thousand syncs of one
-- frequency spread over it, a late run never shifts the next one, and an outage of any length costs one catch-up run.
create or replace function syncline.parse_frequency(p_text text) returns interval
language plpgsql immutable as $$
declare
  v_words text := regexp_replace(coalesce(p_text, ''), '^every ', '');
  v_parts text[] := regexp_match(v_words, '^(\d{0,6}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$');
  v_every interval;
begin
  v_every := case v_words
    when 'half day' then interval '12 hours'
    when 'half hour' then interval '30 minutes'
    when 'quarter hour' then interval '15 minutes'
    when 'month' then interval '30 days'
    else coalesce(nullif(v_parts[1], ''), '1')::int * case left(v_parts[2], 1)
      when 's' then interval '1 second'
      when 'm' then interval '1 minute'
      when 'h' then interval '1 hour'
      when 'd' then interval '24 hours'
      when 'w' then interval '168 hours'
    end
  end;
  if v_every is null then
    raise exception using errcode = 'SL004', message = format('"%s" is not a frequency', p_text),
      hint = 'Write "every 15 minutes", "every hour", "every half day", "every day", "5m".';
  end if;
  if v_every < interval '15 seconds' then
    raise exception using errcode = 'SL004', message = format('"%s" is too often', p_text), hint = 'The shortest frequency is 15 seconds.';
  end if;
  return v_every;
end $$;
comment on function syncline.parse_frequency(text) is 'The interval that a frequency text means ("every 15 minutes", "1h", "every half day"). SL004 when it means none or less than 15 seconds.';

create or replace function syncline.format_frequency(p_frequency interval) returns text
language sql immutable parallel safe
-- Without a subselect it is inlined: a list of 10,000 syncs takes a second less.
return case
  when extract(epoch from p_frequency)::bigint % 604800 = 0 then extract(epoch from p_frequency)::bigint / 604800 || 'w'
  when extract(epoch from p_frequency)::bigint % 86400 = 0 then extract(epoch from p_frequency)::bigint / 86400 || 'd'
  when extract(epoch from p_frequency)::bigint % 3600 = 0 then extract(epoch from p_frequency)::bigint / 3600 || 'h'
  when extract(epoch from p_frequency)::bigint % 60 = 0 then extract(epoch from p_frequency)::bigint / 60 || 'm'
  else extract(epoch from p_frequency)::bigint || 's'
end;
comment on function syncline.format_frequency(interval) is 'A frequency as short text in its largest whole unit: 30m, 1h, 1w, 30d.';

create or replace function syncline.next_tick(p_uid uuid, p_frequency interval, p_after timestamptz) returns timestamptz
language sql immutable parallel safe
return (
  select to_timestamp((floor((extract(epoch from p_after) - g.phase) / g.every) + 1) * g.every + g.phase)
    from (
      -- Whole milliseconds: a phase finer than a timestamp would be rounded down and come again as its own next tick.
      select f.every, trunc(f.every * (('x' || left(replace(p_uid::text, '-', ''), 8))::bit(32)::bigint / 4294967296.0), 3) as phase
        from (select extract(epoch from p_frequency) as every) f
    ) g
);
comment on function syncline.next_tick(uuid, interval, timestamptz) is 'The first tick after a time on the sync''s own grid: epoch plus a phase drawn from its uid, every frequency.';

create or replace function syncline.ring(p_task text, p_count int) returns void
language plpgsql volatile as $$
begin
  -- A doorbell carries nothing: whoever hears it takes whatever is due from our own rows, until nothing is.
  -- So a few dozen wake every worker there is, and one lost or doubled does no harm.
  if p_count > 0 then
    perform graphile_worker.add_jobs(array(
      select row(p_task, '{}', null, null, 3, null, null, null)::graphile_worker.job_spec
        from generate_series(1, least(p_count, 50))));
  end if;
end $$;
comment on function syncline.ring(text, int) is 'Wake up to that many workers for a task; at most 50 jobs, since each one works until nothing is due.';
