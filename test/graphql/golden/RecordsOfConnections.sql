-- query RecordsOfConnections {
--   connections(orderBy: CREATED_AT_ASC) { nodes {
--     connectionId
--     salesforceContacts(first: 1) { nodes { id first_name } }
--     recordChanges(model: "SalesforceContact", first: 1) { nodes { id } }
--     streams { nodes { model records(first: 1) { nodes { id model } } } }
--   } }
-- }

select
__connections__."connection_id" as "0",
__connections__."id"::text as "1",
array(select array[
__streams__."model",
__streams__."connection_row"::text,
__streams__."variant"
]::text[]
from "api"."streams" as __streams__
where (__streams__."connection_row" = __connections__."id")
order by __streams__."model" asc, __streams__."id" asc
limit 100)::text as "2"
from "api"."connections" as __connections__
order by __connections__."created_at" asc, __connections__."id" asc
limit 100;

select * from syncline.read_pages(p_connections => $1::int[], p_models => $2::text[], p_variants => $3::text[], p_after_stream => $4::int, p_after_pos => $5::bigint, p_modified_after => $6::timestamptz, p_actions => $7::text[], p_ids => $8::text[], p_limit => $9::int, p_with_payload => $10::boolean);

select * from syncline.read_pages(p_connections => $1::int[], p_models => $2::text[], p_variants => $3::text[], p_after_stream => $4::int, p_after_pos => $5::bigint, p_modified_after => $6::timestamptz, p_actions => $7::text[], p_ids => $8::text[], p_limit => $9::int, p_with_payload => $10::boolean);

select * from syncline.read_pages(p_connections => $1::int[], p_models => $2::text[], p_variants => $3::text[], p_after_stream => $4::int, p_after_pos => $5::bigint, p_modified_after => $6::timestamptz, p_actions => $7::text[], p_ids => $8::text[], p_limit => $9::int, p_with_payload => $10::boolean);
