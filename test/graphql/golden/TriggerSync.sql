-- mutation TriggerSync($input: TriggerSyncInput!) {
--   triggerSync(input: $input) { clientMutationId run { id state origin sync { id status } } }
-- }

select
__syncs__."id" as "0",
__syncs__."status"::text as "1"
from "api"."syncs" as __syncs__
where (__syncs__."sync_row" = $1::"int4");

select
__trigger_sync__."id"::text as "0",
__trigger_sync__."state"::text as "1",
__trigger_sync__."origin"::text as "2",
__trigger_sync__."sync_row"::text as "3"
from "api"."trigger_sync"($1::"uuid") as __trigger_sync__;
