-- query Down($integration: String!, $connectionId: String!) {
--   connection(integration: $integration, connectionId: $connectionId) {
--     environment { name integrations { nodes { uniqueKey functions { nodes { name version sourceCode } } } } }
--     checkpoints { nodes { kind name variant value updatedAt run { state } } }
--     runs(first: 10) { nodes { kind origin state error results { model added updated deleted unchanged } } }
--     logs(first: 10, condition: { level: WARN }) { nodes { at kind level message } }
--     webhooks(first: 10) { nodes { kind state attempts deliveries { nodes { attempt status milliseconds error } } } }
--     syncs(first: 10) { nodes { refreshes { nodes { state missing live stream { model } } } } }
--   }
-- }

select
__connections__."id"::text as "0",
__environments__."name" as "1",
array(select array[
__integrations__."unique_key",
array(select array[
__functions__."name",
__functions__."version",
__functions__."source_code"
]::text[]
from "api"."functions" as __functions__
where (__functions__."integration_row" = __integrations__."id")
order by __functions__."name" asc, __functions__."id" asc
limit 100)::text
]::text[]
from "api"."integrations" as __integrations__
where (__integrations__."environment_row" = __environments__."id")
order by __integrations__."unique_key" asc
limit 100)::text as "2",
array(select array[
__checkpoints__."kind"::text,
__checkpoints__."name",
__checkpoints__."variant",
__checkpoints__."value"::text,
to_char(__checkpoints__."updated_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text),
__runs__."state"::text
]::text[]
from "api"."checkpoints" as __checkpoints__
left outer join "api"."runs" as __runs__
on (
/* WHERE becoming ON */ (__runs__."id" = __checkpoints__."run_row"))
where (__checkpoints__."connection_row" = __connections__."id")
order by __checkpoints__."connection_row" asc, __checkpoints__."kind" asc, __checkpoints__."name" asc, __checkpoints__."variant" asc
limit 100)::text as "3",
array(select array[
__runs_2."kind"::text,
__runs_2."origin"::text,
__runs_2."state"::text,
__runs_2."error"::text,
array(select array[
__run_results__."model",
__run_results__."added"::text,
__run_results__."updated"::text,
__run_results__."deleted"::text,
__run_results__."unchanged"::text
]::text[]
from "api"."run_results" as __run_results__
where (__run_results__."run_row" = __runs_2."id")
order by __run_results__."run_row" asc, __run_results__."stream_row" asc)::text
]::text[]
from "api"."runs" as __runs_2
where (__runs_2."connection_row" = __connections__."id")
order by __runs_2."id" desc
limit 10)::text as "4",
array(select array[
to_char(__logs__."at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text),
__logs__."kind"::text,
__logs__."level"::text,
__logs__."message"
]::text[]
from "api"."logs" as __logs__
where
(__logs__."connection_row" = __connections__."id") and (__logs__."level" in ('warn', 'error'))
order by __logs__."id" desc
limit 10)::text as "5",
array(select array[
__webhooks__."kind"::text,
__webhooks__."state"::text,
__webhooks__."attempts"::text,
array(select array[
__deliveries__."attempt"::text,
__deliveries__."status"::text,
__deliveries__."milliseconds"::text,
__deliveries__."error"
]::text[]
from "api"."deliveries" as __deliveries__
where (__deliveries__."webhook_row" = __webhooks__."id")
order by __deliveries__."webhook_row" desc, __deliveries__."id" desc
limit 100)::text
]::text[]
from "api"."webhooks" as __webhooks__
where (__webhooks__."connection_row" = __connections__."id")
order by __webhooks__."id" desc
limit 10)::text as "6",
array(select array[
__syncs__."id",
array(select array[
__refreshes__."state"::text,
__refreshes__."missing"::text,
__refreshes__."live"::text,
__streams__."model"
]::text[]
from "api"."refreshes" as __refreshes__
left outer join "api"."streams" as __streams__
on (
/* WHERE becoming ON */ (__streams__."id" = __refreshes__."stream_row"))
where (__refreshes__."sync_row" = __syncs__."sync_row")
order by __refreshes__."id" asc
limit 100)::text
]::text[]
from "api"."syncs" as __syncs__
where (__syncs__."connection_row" = __connections__."id")
order by __syncs__."name" asc, __syncs__."id" asc
limit 10)::text as "7"
from "api"."connections" as __connections__
left outer join "api"."environments" as __environments__
on (
/* WHERE becoming ON */ (__environments__."id" = __connections__."environment_row"))
where
(__connections__."integration" = $1::"text") and (__connections__."connection_id" = $2::"text");
