-- why: a provider's webhook names an account by a value of a connection's metadata or config; without these each one reads all connections of its integration
-- breaking: no
set local lock_timeout = '5s';
-- Written at once: with a list of what is pending, which holds up to 4 MB, each look-up would read that list first.
create index connections_metadata on syncline.connections using gin (metadata jsonb_path_ops) with (fastupdate = off);
create index connections_config on syncline.connections using gin (connection_config jsonb_path_ops) with (fastupdate = off);
