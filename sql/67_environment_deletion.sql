-- 67_environment_deletion.sql: the end of an environment.
-- Promise: from the commit on no key works and nothing is sent. Its connections go right after, in slices, since each may have
-- runs to cancel: by whoever deletes, else by housekeeping, which sweeps the rest. Production is never deleted.
create or replace function syncline.discard_connections(p_environment int, p_limit int) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  perform syncline.discard_connection(n.id)
     from (
       select t.id from syncline.connections t
        where t.environment_id = p_environment and t.deleted_at is null order by t.id limit p_limit) n;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.discard_connections(int, int) is 'Delete connections of an environment without telling anybody: runs cancelled, credentials and keys shredded; how many.';

create or replace function syncline.delete_environment(p_id int) returns void
language plpgsql volatile as $$
declare
  v_name text;
begin
  -- Imports and deployments hold this row too: they are through, or find no environment.
  select e.name into v_name from syncline.environments e where e.id = p_id and e.deleted_at is null for update;
  if v_name is null then
    raise exception using errcode = 'SL002', message = 'no such environment';
  elsif v_name = 'prod' then
    raise exception using errcode = 'SL005', message = 'prod cannot be deleted';
  end if;
  update syncline.environments
     set deleted_at = syncline.now(), signing_key_sealed = '', webhook_url_primary = null, webhook_url_secondary = null
   where id = p_id;
  delete from syncline.api_keys k where k.environment_id = p_id;
  delete from syncline.connect_sessions s where s.environment_id = p_id;
  delete from syncline.oauth_flows f where f.environment_id = p_id;
  delete from syncline.environment_variables v where v.environment_id = p_id;
  update syncline.webhook_endpoints e set paused_at = syncline.now() where e.environment_id = p_id and e.paused_at is null;
  perform from syncline.webhook_lanes l join syncline.webhook_endpoints e on e.id = l.endpoint_id where e.environment_id = p_id order by l.id for update of l;
  delete from syncline.outbox o where o.environment_id = p_id and o.lane_id is not null;
  delete from syncline.webhook_lanes l using syncline.webhook_endpoints e where e.id = l.endpoint_id and e.environment_id = p_id;
  update syncline.functions set is_active = false where environment_id = p_id and is_active;
  perform syncline.announce_models(p_id);
  update syncline.integrations
     set deleted_at = syncline.now(), credentials_sealed = null, webhook_secret_sealed = null, config_sealed = null, config = '{}'
   where environment_id = p_id and deleted_at is null;
  delete from syncline.data_keys k where k.environment_id = p_id;
end $$;
comment on function syncline.delete_environment(int) is 'Delete an environment; then discard_connections until it gives 0. SL002 when there is none of this number, SL005 for prod.';

create or replace function syncline.purge_environments(p_limit int) returns boolean
language plpgsql volatile as $$
declare
  v_id int;
  v_count int;
begin
  select e.id into v_id from syncline.environments e
   where e.deleted_at is not null
     and (not exists (select from syncline.streams t where t.environment_id = e.id)
          or exists (select from syncline.connections n where n.environment_id = e.id and n.deleted_at is null))
   order by e.deleted_at limit 1
     for update skip locked;
  if not found then
    return false; -- none, or records of it are still being swept
  end if;
  -- Whoever deleted it did not come to an end, or a request whose key was checked just before left one.
  begin
    if syncline.discard_connections(v_id, least(p_limit, 100)) > 0 then
      return true;
    end if;
  exception when sqlstate 'SL006' then
    raise warning 'environment % is not swept: %', v_id, sqlerrm; -- and holds up no other housekeeping
    return false;
  end;
  delete from syncline.logs l
   where l.environment_id = v_id
     and l.id = any (array(select x.id from syncline.logs x where x.environment_id = v_id order by x.id limit p_limit));
  get diagnostics v_count = row_count;
  if v_count = 0 then
    delete from syncline.runs r
     where r.id = any (array(
       select x.id from syncline.connections n join syncline.runs x on x.connection_id = n.id where n.environment_id = v_id limit p_limit));
    get diagnostics v_count = row_count;
  end if;
  if v_count = 0 then
    delete from syncline.outbox o
     where o.id = any (array(select x.id from syncline.outbox x where x.environment_id = v_id limit p_limit));
    get diagnostics v_count = row_count;
  end if;
  if v_count = 0 then
    delete from syncline.inbox i
     where i.id = any (array(select x.id from syncline.inbox x where x.environment_id = v_id limit p_limit));
    get diagnostics v_count = row_count;
  end if;
  if v_count = 0 then
    delete from syncline.environments where id = v_id;
  end if;
  return true;
end $$;
comment on function syncline.purge_environments(int) is 'Delete rows of an environment that was deleted, once its records are swept: a slice of its logs, runs and webhooks of both directions, then itself; false when there is nothing to do.';
