-- 09_kms_key.sql: key-encryption keys that a key management service opens.
-- Promise: under a name there is one key for ever; what was kept first stays.
create or replace function syncline.choose_installation() returns uuid
language sql volatile
return coalesce((select k.installation from syncline.kms_keys k order by k.created_at, k.name limit 1), gen_random_uuid());
comment on function syncline.choose_installation() is 'What keys are bound to at the service: what those we have are bound to, else a new one.';

create or replace function syncline.find_kms_key(p_name text)
returns table (wrapped bytea, wrapped_by text, installation uuid)
language sql stable
begin atomic
  select k.wrapped, k.wrapped_by, k.installation from syncline.kms_keys k where k.name = p_name;
end;
comment on function syncline.find_kms_key(text) is 'The wrapped key of this name; no row when there is none.';

create or replace function syncline.keep_kms_key(p_name text, p_wrapped bytea, p_wrapped_by text, p_installation uuid) returns void
language sql volatile
begin atomic
  insert into syncline.kms_keys (name, wrapped, wrapped_by, installation)
  values (p_name, p_wrapped, p_wrapped_by, p_installation)
      on conflict (name) do nothing;
end;
comment on function syncline.keep_kms_key(text, bytea, text, uuid) is 'Keep a wrapped key under a name, unless there is one already.';
