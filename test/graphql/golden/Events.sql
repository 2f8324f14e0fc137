-- query Events {
--   events(condition: { state: HANDLED, verdict: VERIFIED, matched: 1, receivedSince: "2026-03-01T00:00:00Z" }) {
--     nodes { id uid receivedAt verdict reason deliveryId types bytes hasContent replays duplicates handledAt
--       calls(first: 5) { nodes { state replay subscription error run { id } sync { name } connection { connectionId } } } }
--   }
--   webhookCalls(condition: { state: FAILED, connectionId: "ann", integration: "crm" }) { nodes { error event { uid } } }
--   webhooks(first: 1) { nodes { event { uid } } }
--   connection(integration: "crm", connectionId: "ann") { events(first: 5) { nodes { event { types } } } webhookCalls(first: 5) { nodes { state } } }
-- }

select
__connections__."id"::text as "0",
array(select array[
__event_matches__."is_manual"::text,
__events__."types"::text
]::text[]
from "api"."event_matches" as __event_matches__
left outer join "api"."events" as __events__
on (
/* WHERE becoming ON */ (__events__."id" = __event_matches__."event_row"))
where (__event_matches__."connection_row" = __connections__."id")
order by __event_matches__."event_row" asc, __event_matches__."connection_row" asc
limit 5)::text as "1",
array(select array[
__webhook_calls__."state"::text
]::text[]
from "api"."webhook_calls" as __webhook_calls__
where (__webhook_calls__."connection_row" = __connections__."id")
order by __webhook_calls__."id" desc
limit 5)::text as "2"
from "api"."connections" as __connections__
where
(__connections__."integration" = $1::"text") and (__connections__."connection_id" = $2::"text");

select
__events__."id"::text as "0",
__events__."uid" as "1",
to_char(__events__."received_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text) as "2",
__events__."verdict"::text as "3",
__events__."reason" as "4",
__events__."delivery_id" as "5",
__events__."types"::text as "6",
__events__."bytes"::text as "7",
__events__."has_content"::text as "8",
__events__."replays"::text as "9",
__events__."duplicates"::text as "10",
to_char(__events__."handled_at", 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM'::text) as "11",
array(select array[
__webhook_calls__."state"::text,
__webhook_calls__."replay"::text,
__webhook_calls__."subscription",
__webhook_calls__."error"::text,
__runs__."id"::text,
__syncs__."name",
__connections__."connection_id"
]::text[]
from "api"."webhook_calls" as __webhook_calls__
left outer join "api"."runs" as __runs__
on (
/* WHERE becoming ON */ (__runs__."id" = __webhook_calls__."run_row"))
left outer join "api"."syncs" as __syncs__
on (
/* WHERE becoming ON */ (__syncs__."sync_row" = __webhook_calls__."sync_row"))
left outer join "api"."connections" as __connections__
on (
/* WHERE becoming ON */ (__connections__."id" = __webhook_calls__."connection_row"))
where (__webhook_calls__."event_row" = __events__."id")
order by __webhook_calls__."id" desc
limit 5)::text as "12"
from "api"."events" as __events__
where
(__events__."verdict" = $1::"text") and (__events__."state" = $2::"text") and (__events__."matched" = $3::"int4") and (__events__."received_at" >= $4::timestamptz)
order by __events__."id" desc
limit 100;

select
__webhook_calls__."error"::text as "0",
__webhook_calls__."id"::text as "1",
__events__."uid" as "2"
from "api"."webhook_calls" as __webhook_calls__
left outer join "api"."events" as __events__
on (
/* WHERE becoming ON */ (__events__."id" = __webhook_calls__."event_row"))
where
(__webhook_calls__."state" = $1::"text") and (__webhook_calls__."connection_row" in (select n.id from api.connections n where n."integration" = $2)) and (__webhook_calls__."connection_row" in (select n.id from api.connections n where n."connection_id" = $3))
order by __webhook_calls__."id" desc
limit 100;

select
__webhooks__."id"::text as "0",
__events__."uid" as "1"
from "api"."webhooks" as __webhooks__
left outer join "api"."events" as __events__
on (
/* WHERE becoming ON */ (__events__."id" = __webhooks__."event_row"))
order by __webhooks__."id" desc
limit 1;
