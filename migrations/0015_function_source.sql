-- why: people read the code that runs, and a deployment of a folder must not remove functions that came another way
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.functions
  add column source_code text,
  add column source text not null default 'repo',
  add constraint functions_source_is_known check (source in ('repo', 'standalone', 'catalog'));
comment on column syncline.functions.source_code is 'The file as its author wrote it; null when it was deployed without.';
comment on column syncline.functions.source is 'repo: from a folder that is deployed as a whole; standalone: alone, over the API; catalog: a template of ours that was switched on.';
