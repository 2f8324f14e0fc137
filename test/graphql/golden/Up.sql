-- query Up {
--   logs(first: 1) { nodes { message environment { name } connection { connectionId } sync { name } run { state sync { name } function { name } } } }
--   deliveries { nodes { status environment { name } webhook { uid environment { name } connection { connectionId } run { state } } } }
--   refreshes { totalCount nodes { environment { name } sync { name } run { state } stream { model connection { connectionId } } } }
--   runs(first: 1, orderBy: ID_ASC) { nodes { environment { name } connection { connectionId } sync { name environment { name } connection { connectionId } function { name environment { name } integration { uniqueKey } } } results { run { state } stream { model environment { name } } } webhooks { nodes { kind } } logs { nodes { level } } } }
--   checkpoints { nodes { environment { name } connection { connectionId } } }
--   streams { totalCount nodes { environment { name } connection { connectionId } refreshes { nodes { state } } } }
--   functions(condition: { isActive: true }) { nodes { name syncs { totalCount } } }
-- }

select
(count(*))::text as "0"
from "api"."refreshes" as __refreshes__;

select
(count(*))::text as "0"
from "api"."streams" as __streams__;

select
__deliveries__."status"::text as "0",
__deliveries__."id"::text as "1",
__environments__."name" as "2",
__webhooks__."uid" as "3",
__environments_2."name" as "4",
__connections__."connection_id" as "5",
__runs__."state"::text as "6"
from "api"."deliveries" as __deliveries__
left outer join "api"."environments" as __environments__
on (
/* WHERE becoming ON */ (__environments__."id" = __deliveries__."environment_row"))
left outer join "api"."webhooks" as __webhooks__
on (
/* WHERE becoming ON */ (__webhooks__."id" = __deliveries__."webhook_row"))
left outer join "api"."environments" as __environments_2
on (
/* WHERE becoming ON */ (__environments_2."id" = __webhooks__."environment_row"))
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __webhooks__."connection_row"))
left outer join "api"."runs" as __runs__
on (
/* WHERE becoming ON */ (__runs__."id" = __webhooks__."run_row"))
order by __deliveries__."webhook_row" desc, __deliveries__."id" desc
limit 100;

select
__functions__."name" as "0",
array(select array[null]::text[]
from "api"."syncs" as __syncs__
where (__syncs__."function_row" = __functions__."id")
order by __syncs__."name" asc, __syncs__."id" asc
limit 100)::text as "1",
array(select array[
(count(*))::text
]::text[]
from "api"."syncs" as __syncs__
where (__syncs__."function_row" = __functions__."id"))::text as "2"
from "api"."functions" as __functions__
where (__functions__."is_active" = $1::"bool")
order by __functions__."name" asc, __functions__."id" asc
limit 100;

select
__logs__."message" as "0",
__environments__."name" as "1",
__connections__."connection_id" as "2",
__syncs__."name" as "3",
__runs__."state"::text as "4",
__syncs_2."name" as "5",
__functions__."name" as "6"
from "api"."logs" as __logs__
left outer join "api"."environments" as __environments__
on (
/* WHERE becoming ON */ (__environments__."id" = __logs__."environment_row"))
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __logs__."connection_row"))
left outer join "api"."syncs" as __syncs__
on (
/* WHERE becoming ON */ (__syncs__."sync_row" = __logs__."sync_row"))
left outer join "api"."runs" as __runs__
on (
/* WHERE becoming ON */ (__runs__."id" = __logs__."run_row"))
left outer join "api"."syncs" as __syncs_2
on (
/* WHERE becoming ON */ (__syncs_2."sync_row" = __runs__."sync_row"))
left outer join "api"."functions" as __functions__
on (
/* WHERE becoming ON */ (__functions__."id" = __runs__."function_row"))
order by __logs__."id" desc
limit 1;

select
__refreshes__."id"::text as "0",
__environments__."name" as "1",
__syncs__."name" as "2",
__runs__."state"::text as "3",
__streams__."model" as "4",
__connections__."connection_id" as "5"
from "api"."refreshes" as __refreshes__
left outer join "api"."environments" as __environments__
on (
/* WHERE becoming ON */ (__environments__."id" = __refreshes__."environment_row"))
left outer join "api"."syncs" as __syncs__
on (
/* WHERE becoming ON */ (__syncs__."sync_row" = __refreshes__."sync_row"))
left outer join "api"."runs" as __runs__
on (
/* WHERE becoming ON */ (__runs__."id" = __refreshes__."run_row"))
left outer join "api"."streams" as __streams__
on (
/* WHERE becoming ON */ (__streams__."id" = __refreshes__."stream_row"))
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __streams__."connection_row"))
order by __refreshes__."id" asc
limit 100;

select
__runs__."id"::text as "0",
__environments__."name" as "1",
__connections__."connection_id" as "2",
__syncs__."name" as "3",
__environments_2."name" as "4",
__connections_2."connection_id" as "5",
__functions__."name" as "6",
__environments_3."name" as "7",
__integrations__."unique_key" as "8",
array(select array[
__run_results__."added"::text,
__runs_2."state"::text,
__streams__."model",
__environments_4."name"
]::text[]
from "api"."run_results" as __run_results__
left outer join "api"."runs" as __runs_2
on (
/* WHERE becoming ON */ (__runs_2."id" = __run_results__."run_row"))
left outer join "api"."streams" as __streams__
on (
/* WHERE becoming ON */ (__streams__."id" = __run_results__."stream_row"))
left outer join "api"."environments" as __environments_4
on (
/* WHERE becoming ON */ (__environments_4."id" = __streams__."environment_row"))
where (__run_results__."run_row" = __runs__."id")
order by __run_results__."run_row" asc, __run_results__."stream_row" asc)::text as "9",
array(select array[
__webhooks__."kind"::text
]::text[]
from "api"."webhooks" as __webhooks__
where (__webhooks__."run_row" = __runs__."id")
order by __webhooks__."id" desc
limit 100)::text as "10",
array(select array[
__logs__."level"::text
]::text[]
from "api"."logs" as __logs__
where (__logs__."run_row" = __runs__."id")
order by __logs__."id" desc
limit 100)::text as "11"
from "api"."runs" as __runs__
left outer join "api"."environments" as __environments__
on (
/* WHERE becoming ON */ (__environments__."id" = __runs__."environment_row"))
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __runs__."connection_row"))
left outer join "api"."syncs" as __syncs__
on (
/* WHERE becoming ON */ (__syncs__."sync_row" = __runs__."sync_row"))
left outer join "api"."environments" as __environments_2
on (
/* WHERE becoming ON */ (__environments_2."id" = __syncs__."environment_row"))
left outer join "api"."connections" as __connections_2
on (
/* WHERE becoming ON */ (__connections_2."id" = __syncs__."connection_row"))
left outer join "api"."functions" as __functions__
on (
/* WHERE becoming ON */ (__functions__."id" = __syncs__."function_row"))
left outer join "api"."environments" as __environments_3
on (
/* WHERE becoming ON */ (__environments_3."id" = __functions__."environment_row"))
left outer join "api"."integrations" as __integrations__
on (
/* WHERE becoming ON */ (__integrations__."id" = __functions__."integration_row"))
order by __runs__."id" asc
limit 1;

select
__streams__."id"::text as "0",
__environments__."name" as "1",
__connections__."connection_id" as "2",
array(select array[
__refreshes__."state"::text
]::text[]
from "api"."refreshes" as __refreshes__
where (__refreshes__."stream_row" = __streams__."id")
order by __refreshes__."id" asc
limit 100)::text as "3"
from "api"."streams" as __streams__
left outer join "api"."environments" as __environments__
on (
/* WHERE becoming ON */ (__environments__."id" = __streams__."environment_row"))
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __streams__."connection_row"))
order by __streams__."model" asc, __streams__."id" asc
limit 100;

select
to_char(__checkpoints__."updated_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text) as "0",
__environments__."name" as "1",
__connections__."connection_id" as "2"
from "api"."checkpoints" as __checkpoints__
left outer join "api"."environments" as __environments__
on (
/* WHERE becoming ON */ (__environments__."id" = __checkpoints__."environment_row"))
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __checkpoints__."connection_row"))
order by __checkpoints__."connection_row" asc, __checkpoints__."kind" asc, __checkpoints__."name" asc, __checkpoints__."variant" asc
limit 100;
