-- 52_open_record.sql: opening sealed records inside Postgres, for a person with the key at a psql prompt.
-- Promise: what opens here is what was saved, to the bit, or an error (SL007) that names the record; without the key there
-- is null. Nothing else needs the extension pgcrypto, and nothing is sealed otherwise because of this file.
--
-- The scheme stays AES-256-GCM (src/crypto/seal.ts). GCM encrypts in counter mode, so the key stream of a whole payload is
-- one call of pgcrypto: encrypt(counter blocks, key, 'aes-ecb/pad:none'), 1 us for 1 KB. The rest is moving bytes:
-- Postgres has no XOR of bytea, but one of bit strings, and hex digits read as a bit string and given back by varbit_send are
-- the fastest way there. CPU for 1 KB on Postgres 16 to 18: key stream and XOR 37-47 us (in words of 8 bytes 2,100; the
-- counters by string_agg, not from a template, 45 more); open_record with hash and jsonb 64-84. Through a view of 31 fields,
-- on a busy machine: metadata 3 us a row, one field 76-94, all of them 110-130, sent to the client 123-159; plain columns 1-3.
-- Node opens a record in 5-7 us. CBC with an HMAC would save the XOR here, 30 us of 64, and cost each save and each page of
-- REST a second pass over the bytes; plain columns lie open on disk and in backups. Reading here is the rare way: it pays.
-- Whoever wants to join millions of rows has them delivered into tables of their own.
--
-- Security review.
-- * What is checked. The wrapping of a data key by its full GCM tag (GHASH below, 0.2 ms a key, once a session): a wrong or
--   damaged key is refused. Each record by its content hash, an HMAC-SHA256 of the plain text cut to 16 bytes, under a key
--   of the connection: a flipped bit, a payload of another connection, a payload without its hash do not pass.
-- * What is not checked: the record's own GCM tag, and with it the place (stream and id) it is bound to. Who may write to
--   the table can put content and hash of one record on another record of the same connection, or back what stood there
--   before; reading over REST refuses the first (the second neither). GHASH over 1 KB costs 3-5 ms as a loop and 0.2-0.4 with
--   128 masks prepared for each connection and length (66 KB to keep each), four times the rest: left to the server.
-- * What a damaged record does: it ends the query. As null it would be missing from a sum without a word. The message has
--   the record's id; a filter on id leaves it unopened, and the query goes on.
-- * What the session keeps: the key that wraps (derived from the master key, which cannot be computed back from it but is
--   worth as much here: it opens all data keys) and the keys of connections it met, as settings of the session, until
--   lock_session(), the end of the session, or a reset. Other sessions, pg_settings and pg_stat_activity do not show them; any
--   function that the session calls can read them, and so can a superuser who reads memory. Call no foreign code while
--   unlocked, and do not unlock through a pooler that shares sessions. Never set them by alter role or alter database:
--   pg_db_role_setting is readable by all.
-- * Where the key may be seen on its way. As part of the query text: pg_stat_activity, the log, ~/.psql_history; so it goes
--   as a parameter (\bind in psql 16 or newer). The log has parameters too when it has statements (log_statement = all,
--   log_min_duration_statement, auto_explain), unless log_parameter_max_length is 0: unlock warns then, as it does on a connection
--   over the network without TLS. Afterwards texts have no keys: they move between variables of functions.
-- * Who can unlock: whoever has the master key and may read data_keys.wrapped and records.payload (operators, the owner).
--   Sealed credentials lie in columns that operators cannot read, so their session does not open those.
-- * Results are plain: a view made materialized, `create table as`, \o and the log of a failed statement keep them so.
create or replace function syncline.xor_bytes(p_one bytea, p_other bytea) returns bytea
language sql immutable parallel safe
return substr(varbit_send(('x' || encode(p_one, 'hex'))::varbit # ('x' || encode(p_other, 'hex'))::varbit), 5); -- four bytes of length first
comment on function syncline.xor_bytes(bytea, bytea) is 'The exclusive or of two byte strings of one length.';

create or replace function syncline.hmac_pads(p_key bytea) returns bytea
language sql immutable parallel safe
return syncline.xor_bytes(
  decode(repeat(rpad(encode(p_key, 'hex'), 128, '0'), 2), 'hex'), decode(repeat('36', 64) || repeat('5c', 64), 'hex'));
comment on function syncline.hmac_pads(bytea) is 'A key of at most 64 bytes as HMAC uses it: the inner block, the outer block.';

create or replace function syncline.hmac_sha256(p_pads bytea, p_message bytea) returns bytea
language sql immutable parallel safe
return sha256(substr(p_pads, 65) || sha256(substr(p_pads, 1, 64) || p_message));
comment on function syncline.hmac_sha256(bytea, bytea) is 'HMAC-SHA256 with a key as hmac_pads gives it.';

create or replace function syncline.derive_key(p_secret bytea, p_purpose text, p_bytes int) returns bytea
language sql immutable parallel safe
return substr(
  syncline.hmac_sha256(
    syncline.hmac_pads(syncline.hmac_sha256(syncline.hmac_pads(''), p_secret)),
    convert_to('syncline ' || p_purpose, 'UTF8') || '\x01'::bytea),
  1, p_bytes);
comment on function syncline.derive_key(bytea, text, int) is 'HKDF-SHA256 without salt, at most 32 bytes: `derive` of src/crypto/keyring.ts.';

create or replace function syncline.encrypt_blocks(p_blocks bytea, p_key bytea) returns bytea
language plpgsql stable as $$
declare
  v_schema text := current_setting('syncline.crypto_schema', true);
  v_out bytea;
begin
  -- Named with its schema, so that no function of the search path gets the key. A text that is put together is parsed at
  -- each call, which takes 13 us; pgcrypto is mostly in public.
  if v_schema = 'public' then
    return public.encrypt(p_blocks, p_key, 'aes-ecb/pad:none'::text);
  end if;
  execute format('select %I.encrypt($1, $2, ''aes-ecb/pad:none''::text)', v_schema) into v_out using p_blocks, p_key;
  return v_out;
end $$;
comment on function syncline.encrypt_blocks(bytea, bytea) is 'AES of each block of 16 bytes, by pgcrypto.';

create or replace function syncline.counter_blocks(p_count int) returns text
language sql immutable parallel safe
return (select string_agg('N' || lpad(to_hex(i), 8, '0'), '' order by i) from generate_series(2, p_count + 1) i);
comment on function syncline.counter_blocks(int) is 'The counters of that many blocks of a text in hex, with N where the nonce belongs.';

create or replace function syncline.ghash(p_h bytea, p_blocks bytea) returns bytea
language plpgsql immutable parallel safe as $$
declare
  v_reduction constant bit(128) := 'xe1000000000000000000000000000000';
  v_sum bit(128) := repeat('0', 128);
  v_product bit(128);
  v_shifted bit(128);
begin
  for i in 0 .. octet_length(p_blocks) / 16 - 1 loop
    v_sum := v_sum # ('x' || encode(substr(p_blocks, 16 * i + 1, 16), 'hex'))::bit(128);
    v_product := repeat('0', 128);
    v_shifted := ('x' || encode(p_h, 'hex'))::bit(128);
    for b in 0 .. 127 loop
      if get_bit(v_sum, b) = 1 then
        v_product := v_product # v_shifted;
      end if;
      v_shifted := case get_bit(v_shifted, 127) when 1 then v_shifted >> 1 # v_reduction else v_shifted >> 1 end;
    end loop;
    v_sum := v_product;
  end loop;
  return substr(varbit_send(v_sum), 5);
end $$;
comment on function syncline.ghash(bytea, bytea) is 'GHASH of whole blocks, bit by bit: for a wrapped key, not for a payload.';

create or replace function syncline.unwrap_key(p_wrapped bytea, p_wrap_key bytea) returns bytea
language plpgsql stable as $$
declare
  v_nonce bytea := substr(p_wrapped, 1, 12);
  v_sealed bytea := substr(p_wrapped, 13, 32);
  v_lengths constant bytea := int8send(0) || int8send(256);
  v_stream bytea := syncline.encrypt_blocks(
    decode(repeat('00', 16), 'hex') || v_nonce || int4send(1) || v_nonce || int4send(2) || v_nonce || int4send(3), p_wrap_key);
  v_tag bytea := syncline.xor_bytes(syncline.ghash(substr(v_stream, 1, 16), v_sealed || v_lengths), substr(v_stream, 17, 16));
begin
  return case when octet_length(p_wrapped) = 60 and v_tag = substr(p_wrapped, 45) then syncline.xor_bytes(v_sealed, substr(v_stream, 33)) end;
end $$;
comment on function syncline.unwrap_key(bytea, bytea) is 'The data key inside a wrapped one, 32 bytes; null when its GCM tag does not match.';

create or replace function syncline.open_connection_key(p_connection int) returns text
language plpgsql volatile as $$
declare
  v_wrap_key text := nullif(current_setting('syncline.wrap_key', true), '');
  v_wrapped bytea;
  v_secret bytea;
  v_keys text;
begin
  if v_wrap_key is null then
    return null;
  end if;
  select k.wrapped into v_wrapped from syncline.data_keys k
   where k.connection_id = p_connection and k.master_key_id = current_setting('syncline.master_key_id', true);
  if v_wrapped is null then
    return null; -- shredded, or wrapped by another master key
  end if;
  v_secret := syncline.unwrap_key(v_wrapped, decode(v_wrap_key, 'hex'));
  if v_secret is null then
    raise exception using errcode = 'SL007', message = format('the data key of connection %s does not open', p_connection),
      detail = 'It names the master key of this session, but its tag does not match: it is damaged.';
  end if;
  v_keys := encode(
    syncline.derive_key(v_secret, 'seal', 32) || syncline.derive_key(v_secret, 'tag', 4)
      || syncline.hmac_pads(syncline.derive_key(v_secret, 'content hash', 32)), 'hex');
  perform set_config('syncline.key_' || p_connection, v_keys, false),
          set_config('syncline.open_keys', concat_ws(',', nullif(current_setting('syncline.open_keys', true), ''), p_connection), false);
  return v_keys;
end $$;
comment on function syncline.open_connection_key(int) is 'The keys of a connection (32 bytes to open, 4 that name it, 128 to hash) in hex, kept in the session; null in a locked session and when the key was shredded.';

create or replace function syncline.storable_json(p_json text) returns text
language sql immutable parallel safe
return replace(regexp_replace(replace(p_json, '\\', E'\x01'), '\\u(0000|d[89a-f]..)', '\\ufffd', 'g'), E'\x01', '\\');
comment on function syncline.storable_json(text) is 'JSON text as JSON.stringify writes it with U+FFFD for what jsonb cannot hold: halves of surrogate pairs. JSON has no raw control characters, so one stands for an escaped backslash meanwhile.';

create or replace function syncline.open_record(p_connection int, p_stream int, p_id text, p_hash bytea, p_payload bytea) returns jsonb
language plpgsql stable strict cost 2000 as $$ -- the planner joins and filters first
declare
  v_known text := nullif(current_setting('syncline.key_' || p_connection, true), '');
  v_keys bytea := decode(coalesce(v_known, syncline.open_connection_key(p_connection)), 'hex');
  v_bytes int := octet_length(p_payload) - 33;
  v_blocks int := (v_bytes + 15) / 16;
  v_counters text;
  v_text bytea;
  v_json text;
begin
  if v_keys is null then
    return null;
  end if;
  if v_bytes > 0 and get_byte(p_payload, 0) = 1 and substr(p_payload, 2, 4) = substr(v_keys, 33, 4) then
    -- The template is computed when this is planned: once a session.
    v_counters := case when v_blocks <= 1024 then left(syncline.counter_blocks(1024), 9 * v_blocks) else syncline.counter_blocks(v_blocks) end;
    v_text := syncline.xor_bytes(
      substr(p_payload, 18, v_bytes),
      substr(
        syncline.encrypt_blocks(decode(replace(v_counters, 'N', encode(substr(p_payload, 6, 12), 'hex')), 'hex'), substr(v_keys, 1, 32)),
        1, v_bytes));
  end if;
  if v_text is null or substr(syncline.hmac_sha256(substr(v_keys, 37), v_text), 1, 16) <> p_hash then
    raise exception using errcode = 'SL007', message = format('record %s of stream %s is damaged', p_id, p_stream),
      detail = format('Its payload is not what connection %s saved under this hash.', p_connection),
      hint = format('Leave it out to read on: where id <> %L.', p_id);
  end if;
  v_json := convert_from(v_text, 'UTF8');
  return case when position('\ud' in v_json) > 0 then syncline.storable_json(v_json) else v_json end::jsonb;
end $$;
comment on function syncline.open_record(int, int, text, bytea, bytea) is 'The content of a record without its id; null in a locked session, when pruned, or when the connection''s key is gone. SL007 when it does not match its hash. Views depend on this signature: it stays as it is.';
