-- why: a receiver knows a webhook by the id in its header, and asks for it by that
-- breaking: no
set local lock_timeout = '5s';
create unique index outbox_uid on syncline.outbox (uid);
