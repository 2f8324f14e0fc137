-- query MetadataOnly {
--   salesforceContacts(connectionId: "ann", first: 3) { nodes { id _metadata { cursor } } }
-- }

select * from syncline.find_connections(p_connection => $1::text, p_integrations => $2::text[]);

select * from syncline.read_pages(p_connections => $1::int[], p_models => $2::text[], p_variants => $3::text[], p_after_stream => $4::int, p_after_pos => $5::bigint, p_modified_after => $6::timestamptz, p_actions => $7::text[], p_ids => $8::text[], p_limit => $9::int, p_with_payload => $10::boolean);
