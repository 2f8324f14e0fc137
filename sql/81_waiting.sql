-- 81_waiting.sql: why a sync does not run now, in words for people, each with what to do about it.
-- Promise: every sync has at least one reason, and the first is the one to look at; asking changes and locks nothing.
create or replace function syncline.format_span(p_span interval) returns text
language sql immutable parallel safe
return (
  select case
    when s.n < 60 then s.n || ' s'
    when s.n < 3600 then s.n / 60 || ' min'
    when s.n < 86400 then concat_ws(' ', s.n / 3600 || ' h', nullif(s.n % 3600 / 60, 0) || ' min')
    else concat_ws(' ', s.n / 86400 || ' d', nullif(s.n % 86400 / 3600, 0) || ' h')
  end
  from (select greatest(extract(epoch from p_span), 0)::bigint as n) s
);
comment on function syncline.format_span(interval) is 'A length of time for people: 3 s, 4 min, 2 h 5 min, 3 d 4 h; 0 s when it is past.';

create or replace function syncline.count_workers() returns int
language sql stable
return (
  select count(*)::int from syncline.workers w, syncline.settings c
   where w.heartbeat_at > syncline.now() - c.lease and cardinality(w.pool_ids) > 0
);
comment on function syncline.count_workers() is 'How many processes live that take runs.';

create or replace function syncline.reasons_of_account(p_sync int)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 1, 'connection deleted', format('%s ago', syncline.format_span(syncline.now() - n.deleted_at)), null
    from syncline.syncs s
    join syncline.connections n on n.id = s.connection_id
   where s.id = p_sync and n.deleted_at is not null
  union all
  select 2, case when f.is_active then 'sync deleted' else 'function not deployed' end,
         format('ended %s ago%s', syncline.format_span(syncline.now() - s.deleted_at),
           case when not f.is_active then format('; function "%s" is not active any more', f.name) else '' end),
         'Deploy the function, or create the variant again.'
    from syncline.syncs s
    join syncline.connections n on n.id = s.connection_id
    join syncline.functions f on f.id = s.function_id
   where s.id = p_sync and s.deleted_at is not null and n.deleted_at is null
  union all
  select 3, 'credentials', format('%s for %s%s: %s', n.auth_mode || ', failing', syncline.format_span(syncline.now() - (a.error ->> 'since')::timestamptz),
           case when a.exhausted_at is not null then ', given up' end,
           coalesce(left(a.error ->> 'description', 200), a.error ->> 'type', 'no reason was given')),
         syncline.auth_remedy(a)
    from syncline.syncs s
    join syncline.connections n on n.id = s.connection_id
    join syncline.connection_auth a on a.connection_id = n.id
   where s.id = p_sync and s.deleted_at is null and a.error is not null
  union all
  select 4, 'rate limit', format('nothing is sent to %s%s for %s, until %s (%s)', r.host, nullif(' ' || r.part, ' '),
           syncline.format_span(r.blocked_until - syncline.now()), to_char(r.blocked_until, 'HH24:MI:SS TZ'),
           case when r.connection_id is null then 'all connections of the integration' else 'this connection' end),
         format('It ends by itself. If it is wrong: select syncline.lift_rate_limits(%s);', n.id)
    from syncline.syncs s
    join syncline.connections n on n.id = s.connection_id
    join syncline.rate_limits r on r.integration_id = n.integration_id and (r.connection_id = n.id or r.connection_id is null)
   where s.id = p_sync and s.deleted_at is null and r.blocked_until > syncline.now();
end;
comment on function syncline.reasons_of_account(int) is 'Why a sync waits for reasons that lie in its connection, function or provider account.';

create or replace function syncline.reasons_of_run(p_sync int)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 5, 'worker lost', format('run %s: worker %s was last heard of %s ago%s', r.id, r.worker,
           coalesce(syncline.format_span(syncline.now() - w.heartbeat_at), 'long'),
           case when r.lease_ends_at > syncline.now()
             then format('; its lease ends in %s', syncline.format_span(r.lease_ends_at - syncline.now()))
             else format('; its lease is over since %s', syncline.format_span(syncline.now() - r.lease_ends_at)) end),
         case when syncline.count_workers() = 0 then 'Start a worker: it takes the run over.'
              else format('Another worker takes it over when its lease ends. At once: select syncline.requeue_run(%s);', r.id) end
    from syncline.runs r
   cross join syncline.settings c
    left join syncline.workers w on w.id = r.worker
   where r.sync_id = p_sync and r.kind = 'sync' and r.state = 'running' and r.lease_ends_at < syncline.now() + c.lease / 2
  union all
  select 6, 'no worker', format('run %s is ready for %s, and no worker is alive', r.id, syncline.format_span(syncline.now() - r.due_at)),
         'Start one: syncline start --role worker'
    from syncline.runs r
   where r.sync_id = p_sync and r.kind = 'sync' and r.state = 'ready' and r.due_at <= syncline.now() and syncline.count_workers() = 0
  union all
  select 7, 'all places taken', format('run %s is ready for %s; %s runs are ahead of it, %s are at work, by %s workers', r.id,
           syncline.format_span(syncline.now() - r.due_at),
           (select count(*) from syncline.runs o
             where o.state = 'ready' and o.due_at <= syncline.now() and (o.priority, o.due_at, o.id) < (r.priority, r.due_at, r.id)),
           (select count(*) from syncline.runs o where o.state = 'running'), syncline.count_workers()),
         format('Start more workers. To put it first: select syncline.requeue_run(%s);', r.id)
    from syncline.runs r
   where r.sync_id = p_sync and r.kind = 'sync' and r.state = 'ready' and r.due_at <= syncline.now() and syncline.count_workers() > 0
  union all
  select 8, 'trying again', format('run %s goes on in %s; %s workers were lost with it', r.id, syncline.format_span(r.due_at - syncline.now()), r.attempt),
         format('At once: select syncline.requeue_run(%s);', r.id)
    from syncline.runs r
   where r.sync_id = p_sync and r.kind = 'sync' and r.state = 'ready' and r.due_at > syncline.now()
  union all
  select 9, 'running', format('run %s is at work for %s at worker %s; it lives', r.id,
           syncline.format_span(syncline.now() - r.started_at), r.worker),
         format('To stop it: select syncline.cancel_run(%s);', r.id)
    from syncline.runs r
   cross join syncline.settings c
   where r.sync_id = p_sync and r.kind = 'sync' and r.state = 'running' and r.lease_ends_at >= syncline.now() + c.lease / 2;
end;
comment on function syncline.reasons_of_run(int) is 'Why a sync that has a live run waits for it.';

create or replace function syncline.reasons_of_schedule(p_sync int)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 10, 'paused', 'it runs only when it is triggered', format('select syncline.start_one(%s);', s.id)
    from syncline.syncs s
   where s.id = p_sync and s.deleted_at is null and s.state = 'paused' and syncline.live_run(s.id) is null
  union all
  select 11, 'stalled', format('since %s: time slices in a row ended without a new checkpoint or a changed record',
           syncline.format_span(syncline.now() - s.stalled_at)),
         format('Look at its function and its log. To start from nothing: select syncline.reset_sync(%s);', s.id)
    from syncline.syncs s
   where s.id = p_sync and s.deleted_at is null and s.stalled_at is not null
  union all
  select 12, 'failing', format('%s: %s; %s', case s.consecutive_failures when 1 then 'once' else s.consecutive_failures || ' times in a row' end,
           coalesce(left(l.error ->> 'message', 200), 'no message'),
           case when s.next_run_at is null then 'it is not due'
                else format('next in %s', syncline.format_span(s.next_run_at - syncline.now())) end),
         format('When it is mended: select syncline.requeue_run(%s);', l.id)
    from syncline.syncs s
    join syncline.runs l on l.id = s.last_run_id
   where s.id = p_sync and s.deleted_at is null and s.consecutive_failures > 0 and syncline.live_run(s.id) is null
  union all
  select 13, case when s.next_run_at > syncline.now() then 'scheduled' else 'due' end,
         case when s.next_run_at > syncline.now()
           then format('due in %s (every %s)', syncline.format_span(s.next_run_at - syncline.now()), syncline.format_frequency(s.frequency))
           else format('due since %s; %s', syncline.format_span(syncline.now() - s.next_run_at),
             case syncline.count_workers() when 0 then 'no worker is alive' else 'a worker makes its run within a second' end) end,
         format('Now: select syncline.trigger_one(%s);', s.id)
    from syncline.syncs s
   where s.id = p_sync and s.next_run_at is not null
  union all
  select 14, 'deletes wait for approval', format('refresh %s would delete %s of %s records of %s', w.id, w.missing, w.live, t.model),
         format('select syncline.approve_deletes(%s);  or discard_deletes', w.id)
    from syncline.refreshes w
    join syncline.streams t on t.id = w.stream_id
   where w.sync_id = p_sync and w.state = 'needs_approval';
end;
comment on function syncline.reasons_of_schedule(int) is 'Why a sync without a live run has none, and what else of it waits for somebody.';

create or replace function syncline.reasons_of_webhooks(p_sync int)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 15, case when c.state = 'running' then 'webhooks run' when c.due_at > syncline.now() then 'webhooks failing' else 'webhooks wait' end,
         format('onWebhook is owed %s calls; the first %s', o.calls, case
           when c.state = 'running' then format('is run %s''s', c.run_id)
           when c.attempts > 0 then format('failed %s times (%s) and is tried again in %s', c.attempts,
             coalesce(left(c.error ->> 'message', 200), 'no message'), syncline.format_span(c.due_at - syncline.now()))
           else format('waits for %s', syncline.format_span(syncline.now() - c.due_at)) end),
         case when c.state = 'waiting' and c.attempts > 0 then format('At once: select syncline.requeue_run(%s);', c.run_id) end
    from (
      select x.* from syncline.webhook_calls x
       where x.sync_id = p_sync and x.ended_at is null order by x.sync_id, x.id limit 1) c
   cross join lateral (
     select case when count(*) > 1000 then 'over 1000' else count(*)::text end as calls
       from (select from syncline.webhook_calls x where x.sync_id = p_sync and x.ended_at is null limit 1001) y) o;
end;
comment on function syncline.reasons_of_webhooks(int) is 'What of providers'' webhooks a sync has yet to handle, whether it is paused or not.';

create or replace function syncline.why_waiting(p_sync int)
returns table (reason text, detail text, remedy text)
language plpgsql stable as $$
begin
  return query
    select x.reason, x.detail, x.remedy
      from (
        select a.* from syncline.reasons_of_account(p_sync) a
        union all
        select r.* from syncline.reasons_of_run(p_sync) r
        union all
        select s.* from syncline.reasons_of_schedule(p_sync) s
        union all
        select h.* from syncline.reasons_of_webhooks(p_sync) h) x
     order by x.rank;
  if not found then
    perform syncline.check_sync(p_sync);
    return query select 'no tick', 'it is started, but has neither a run nor a next tick',
      format('select syncline.trigger_one(%s);  and tell us: this must not be', p_sync);
  end if;
end $$;
comment on function syncline.why_waiting(int) is 'Why a sync does not run now, the most important reason first, and what to do about each. SL002 when there is none. Example: select * from syncline.why_waiting(17);  of all that are not as they should: select o.integration, o.connection, o.sync, w.* from syncline.sync_overview o, syncline.why_waiting(o.sync_id) w where o.status in (''failing'', ''stalled'', ''stuck'');';
