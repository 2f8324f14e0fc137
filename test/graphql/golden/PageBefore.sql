-- query PageBefore($before: Cursor) { runs(last: 2, before: $before) { nodes { id } pageInfo { hasPreviousPage } } }

select
__runs__."id"::text as "0"
from "api"."runs" as __runs__
where (__runs__."id" > $1::"int8")
order by __runs__."id" asc
limit 3;
