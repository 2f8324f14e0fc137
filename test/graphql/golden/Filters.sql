-- query Filters {
--   failed: runs(condition: { state: FAILED }) { nodes { id state } }
--   bobs: runs(condition: { integration: "crm", connectionId: "bob" }) { nodes { connection { connectionId } } }
--   second: runs(condition: { createdSince: "2026-03-01T12:30:00Z", createdBefore: "2026-03-01T13:30:00Z" }) { nodes { createdAt } }
--   lines: logs(condition: { since: "2026-03-01T12:01:00Z", before: "2026-03-01T12:03:00Z" }, orderBy: ID_ASC) { nodes { message } }
--   syncs(condition: { name: "contacts", connectionId: "bob" }) { nodes { connection { connectionId } } }
--   connections(condition: { integration: "crm", connectionId: "bob" }) { nodes { connectionId } }
--   webhooks(condition: { state: DEAD }) { nodes { state } }
--   refreshes(condition: { state: NEEDS_APPROVAL }) { nodes { state } }
--   integrations(condition: { provider: "acme" }) { nodes { uniqueKey } }
-- }

select
__connections__."connection_id" as "0"
from "api"."connections" as __connections__
where
(__connections__."integration" = $1::"text") and (__connections__."connection_id" = $2::"text")
order by __connections__."created_at" desc, __connections__."id" desc
limit 100;

select
__integrations__."unique_key" as "0"
from "api"."integrations" as __integrations__
where (__integrations__."provider" = $1::"text")
order by __integrations__."unique_key" asc
limit 100;

select
__logs__."message" as "0"
from "api"."logs" as __logs__
where
(__logs__."at" >= $1::timestamptz) and (__logs__."at" < $2::timestamptz)
order by __logs__."id" asc
limit 100;

select
__refreshes__."state"::text as "0"
from "api"."refreshes" as __refreshes__
where (__refreshes__."state" = $1::"text")
order by __refreshes__."id" asc
limit 100;

select
__runs__."id"::text as "0",
__connections__."connection_id" as "1"
from "api"."runs" as __runs__
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __runs__."connection_row"))
where
(__runs__."connection_row" in (select n.id from api.connections n where n."integration" = $1)) and (__runs__."connection_row" in (select n.id from api.connections n where n."connection_id" = $2))
order by __runs__."id" desc
limit 100;

select
__runs__."id"::text as "0",
__runs__."state"::text as "1"
from "api"."runs" as __runs__
where (__runs__."state" = $1::"text")
order by __runs__."id" desc
limit 100;

select
__syncs__."id" as "0",
__connections__."connection_id" as "1"
from "api"."syncs" as __syncs__
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __syncs__."connection_row"))
where
(__syncs__."name" = $1::"text") and (__syncs__."connection_row" in (select n.id from api.connections n where n."connection_id" = $2))
order by __syncs__."name" asc, __syncs__."id" asc
limit 100;

select
__webhooks__."state"::text as "0"
from "api"."webhooks" as __webhooks__
where (__webhooks__."state" = $1::"text")
order by __webhooks__."id" desc
limit 100;

select
to_char(__runs__."created_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text) as "0"
from "api"."runs" as __runs__
where
(__runs__."created_at" >= $1::timestamptz and __runs__.id > (select syncline."run_number"($2::timestamptz - interval '10 min'))) and (__runs__."created_at" < $3::timestamptz and __runs__.id < (select syncline."run_number"($4::timestamptz + interval '10 min')) + 100)
order by __runs__."id" desc
limit 100;
