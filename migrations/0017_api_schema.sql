-- why: GraphQL shows views and functions of a schema of its own, and no table
-- breaking: no
create schema api;
comment on schema api is 'What GraphQL shows: views and functions that read with the rights of the role that asks. No table is here.';
