-- why: webhooks without a connection are looked for by environment; those of a deleted integration without reading all there are
-- breaking: no
set local lock_timeout = '5s';
drop index syncline.inbox_unmatched;
create index inbox_unmatched on syncline.inbox (environment_id, id desc) where matched = 0;
create index inbox_integration on syncline.inbox (integration_id);
