-- why: a master key may be one that a key management service opens: it rests here, wrapped by the service
-- breaking: no
create table syncline.kms_keys (
  name         text        not null primary key,
  wrapped      bytea       not null,
  wrapped_by   text        not null,
  installation uuid        not null,
  created_at   timestamptz not null default syncline.now(),
  constraint kms_keys_name_is_short check (octet_length(name) between 1 and 1000),
  constraint kms_keys_wrapped_is_short check (octet_length(wrapped) between 1 and 6144)
);
comment on table syncline.kms_keys is 'One row per master key that a key management service opens, under the name that settings give it. Without the service it opens nothing.';
comment on column syncline.kms_keys.installation is 'What the service bound it to, beside the name of the program; one for all rows.';
alter table syncline.kms_keys enable row level security;
