-- query NoMoreStatements($first: Int!) {
--   connections(first: $first) {
--     nodes { connectionId syncs(first: 5) { nodes { name runs(first: 2) { nodes { id state logs(first: 1) { nodes { message } } } } } } }
--   }
-- }

select
__connections__."connection_id" as "0",
array(select array[
__syncs__."name",
array(select array[
__runs__."id"::text,
__runs__."state"::text,
array(select array[
__logs__."message"
]::text[]
from "api"."logs" as __logs__
where (__logs__."run_row" = __runs__."id")
order by __logs__."id" desc
limit 1)::text
]::text[]
from "api"."runs" as __runs__
where (__runs__."sync_row" = __syncs__."sync_row")
order by __runs__."id" desc
limit 2)::text
]::text[]
from "api"."syncs" as __syncs__
where (__syncs__."connection_row" = __connections__."id")
order by __syncs__."name" asc, __syncs__."id" asc
limit 5)::text as "1"
from "api"."connections" as __connections__
order by __connections__."created_at" desc, __connections__."id" desc
limit 50;
