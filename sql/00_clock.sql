-- 00_clock.sql: the time after a wait. Promise: syncline.now() is when the statement began; syncline.wall_clock() is now,
-- for what must not lie before a lock was granted. Both follow syncline.fake_now in tests.
create or replace function syncline.wall_clock() returns timestamptz
language sql volatile parallel safe
return coalesce(nullif(current_setting('syncline.fake_now', true), '')::timestamptz, clock_timestamp()); -- wall clock: read after a lock
comment on function syncline.wall_clock() is 'The time at this moment, unlike syncline.now(), which is when the statement began: for stamps taken after waiting for a lock.';
