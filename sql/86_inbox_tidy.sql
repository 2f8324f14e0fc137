-- 86_inbox_tidy.sql: webhooks of providers go away in time, and with whom they were about.
-- Promise: what is owed is never tidied away: an event stays while a call waits for it or a forward is to be sent. What was
-- about a deleted connection alone is shredded within a round. Each step is bounded.
create or replace function syncline.tidy_events(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_count int;
  v_all int;
begin
  delete from syncline.inbox i
   where i.id in (
     select x.id
       from syncline.inbox x, syncline.settings c
      where x.received_at < syncline.now() - c.inbox_retention and x.handled_at < syncline.now() - c.inbox_retention
        and not exists (select from syncline.webhook_calls w where w.inbox_id = x.id and w.ended_at is null)
        and not exists (select from syncline.outbox o where o.inbox_id = x.id and o.state = 'pending')
      order by x.received_at
      limit p_limit);
  get diagnostics v_all = row_count;
  delete from syncline.inbox i
   where i.id in (
     select x.id from syncline.inbox x, syncline.settings c
      where x.state = 'refused' and x.received_at < syncline.now() - least(c.inbox_retention, interval '1 day')
      order by x.received_at
      limit p_limit);
  get diagnostics v_count = row_count;
  return greatest(v_all, v_count);
end $$;
comment on function syncline.tidy_events(int) is 'Delete handled webhooks of providers past settings.inbox_retention for which nothing is owed any more, and refused ones past a day; how many of the one or the other: the limit when more may wait.';

create or replace function syncline.forget_connection_events(p_limit int) returns boolean
language plpgsql volatile as $$
declare
  v_connection int;
  v_events bigint[];
begin
  -- A connection stays as a row for settings.run_retention: those without matches have been seen to.
  select n.id into v_connection
    from syncline.connections n
   where n.deleted_at is not null
     and (select m.inbox_id from syncline.inbox_matches m where m.connection_id = n.id limit 1) is not null
   order by n.deleted_at limit 1;
  if not found then
    return false;
  end if;
  v_events := array(
    select m.inbox_id from syncline.inbox_matches m where m.connection_id = v_connection order by m.inbox_id limit p_limit);
  update syncline.inbox i
     set content_sealed = null, parts = '[]'
   where i.id = any (v_events) and i.has_content
     and not exists (
       select from syncline.inbox_matches m
         join syncline.connections n on n.id = m.connection_id
        where m.inbox_id = i.id and n.deleted_at is null);
  delete from syncline.webhook_calls c where c.connection_id = v_connection and c.inbox_id = any (v_events);
  delete from syncline.inbox_matches m where m.connection_id = v_connection and m.inbox_id = any (v_events);
  return true;
end $$;
comment on function syncline.forget_connection_events(int) is 'Shred webhooks of providers that were about a deleted connection alone, and forget its part in others; false when there is none.';

create or replace function syncline.forget_integration_events(p_limit int) returns boolean
language plpgsql volatile as $$
declare
  v_count int;
begin
  delete from syncline.inbox i
   where i.id = any (array(
     select x.id from syncline.integrations n join syncline.inbox x on x.integration_id = n.id
      where n.deleted_at is not null limit p_limit));
  get diagnostics v_count = row_count;
  return v_count > 0;
end $$;
comment on function syncline.forget_integration_events(int) is 'Delete webhooks of providers for integrations that were deleted, handled or not; false when there is none.';
