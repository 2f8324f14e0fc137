-- query Dashboard {
--   integrations { totalCount nodes { uniqueKey provider displayName } }
--   connections(first: 50) {
--     totalCount
--     pageInfo { hasNextPage endCursor }
--     nodes {
--       connectionId authMode metadata tags authStatus authError credentialsExpireAt
--       integration { uniqueKey }
--       syncs(first: 10) {
--         nodes {
--           id name variant state status frequency nextScheduledSyncAt lastSuccessAt checkpoint
--           function { name kind isActive models }
--           lastRun { id state }
--           runs(first: 2) { nodes { id state createdAt seconds error } }
--         }
--       }
--       streams(first: 10) { nodes { model variant recordCount lastChangeAt } }
--     }
--   }
-- }

select
(count(*))::text as "0"
from "api"."connections" as __connections__;

select
(count(*))::text as "0"
from "api"."integrations" as __integrations__;

select
__connections__."connection_id" as "0",
__connections__."auth_mode" as "1",
__connections__."metadata"::text as "2",
__connections__."tags"::text as "3",
__connections__."auth_status"::text as "4",
__connections__."auth_error"::text as "5",
to_char(__connections__."credentials_expire_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text) as "6",
__integrations__."unique_key" as "7",
array(select array[
__syncs__."id",
__syncs__."name",
__syncs__."variant",
__syncs__."state"::text,
__syncs__."status"::text,
__syncs__."frequency",
to_char(__syncs__."next_scheduled_sync_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text),
to_char(__syncs__."last_success_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text),
__syncs__."checkpoint"::text,
__functions__."name",
__functions__."kind"::text,
__functions__."is_active"::text,
__functions__."models"::text,
__runs__."id"::text,
__runs__."state"::text,
array(select array[
__runs_2."id"::text,
__runs_2."state"::text,
to_char(__runs_2."created_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text),
__runs_2."seconds"::text,
__runs_2."error"::text
]::text[]
from "api"."runs" as __runs_2
where (__runs_2."sync_row" = __syncs__."sync_row")
order by __runs_2."id" desc
limit 2)::text
]::text[]
from "api"."syncs" as __syncs__
left outer join "api"."functions" as __functions__
on (
/* WHERE becoming ON */ (__functions__."id" = __syncs__."function_row"))
left outer join "api"."runs" as __runs__
on (
/* WHERE becoming ON */ (__runs__."id" = __syncs__."last_run_row"))
where (__syncs__."connection_row" = __connections__."id")
order by __syncs__."name" asc, __syncs__."id" asc
limit 10)::text as "8",
array(select array[
__streams__."model",
__streams__."variant",
__streams__."record_count"::text,
to_char(__streams__."last_change_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text)
]::text[]
from "api"."streams" as __streams__
where (__streams__."connection_row" = __connections__."id")
order by __streams__."model" asc, __streams__."id" asc
limit 10)::text as "9",
to_char(__connections__."created_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text) as "10",
__connections__."id"::text as "11"
from "api"."connections" as __connections__
left outer join "api"."integrations" as __integrations__
on (
/* WHERE becoming ON */ (__integrations__."id" = __connections__."integration_row"))
order by __connections__."created_at" desc, __connections__."id" desc
limit 51;

select
__integrations__."unique_key" as "0",
__integrations__."provider" as "1",
__integrations__."display_name" as "2"
from "api"."integrations" as __integrations__
order by __integrations__."unique_key" asc
limit 100;
