-- query ModelPage {
--   salesforceContacts(connectionId: "ann", first: 2) {
--     nodes {
--       id first_name kebab_x002D_case _x005F__x address { city geo { lat lon } } tags status met_at lines { n } either constructor
--       _data _metadata { firstSeenAt lastModifiedAt lastAction deletedAt prunedAt cursor }
--     }
--     edges { cursor node { id } }
--     pageInfo { hasNextPage endCursor }
--   }
-- }

select * from syncline.find_connections(p_connection => $1::text, p_integrations => $2::text[]);

select * from syncline.read_pages(p_connections => $1::int[], p_models => $2::text[], p_variants => $3::text[], p_after_stream => $4::int, p_after_pos => $5::bigint, p_modified_after => $6::timestamptz, p_actions => $7::text[], p_ids => $8::text[], p_limit => $9::int, p_with_payload => $10::boolean);
