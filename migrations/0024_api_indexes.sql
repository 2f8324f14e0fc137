-- why: GraphQL lists runs, the log and webhooks of an environment or a connection, newest first, a page at a time
-- breaking: no
set local lock_timeout = '5s';
-- What one looks for after trouble is rare: these cost nothing where nothing goes wrong.
create index runs_ended_badly on syncline.runs (environment_id, id desc) where state in ('failed', 'cancelled', 'interrupted');
create index logs_warnings on syncline.logs (environment_id, id desc) where level in ('warn', 'error');
create index outbox_dead on syncline.outbox (environment_id, id desc) where state = 'dead';

-- A span of time within a day: a few kilobytes, as rows lie in the order of time.
create index logs_at on syncline.logs using brin (at) with (autosummarize = on);
create index logs_connection on syncline.logs (connection_id, id desc) where connection_id is not null;
drop index syncline.outbox_connection;
create index outbox_connection on syncline.outbox (connection_id, id desc);
