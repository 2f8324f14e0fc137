// Bindings of sql/60_connection.sql: connections, their credentials and metadata.
import { z } from "zod";
import { fn, maybeRow, nothing, row, rows, value } from "./fn.ts";

const document = z.record(z.string(), z.unknown());

const Errors = z.array(
  z.object({
    type: z.enum(["auth", "sync"]),
    log_id: z.string(),
    message: z.string().nullable(),
    since: z.string().nullable(),
  }),
);

const Listed = z.object({
  id: z.number(),
  connection_id: z.string(),
  provider_config_key: z.string(),
  provider: z.string(),
  errors: Errors,
  end_user: document.nullable(),
  tags: z.record(z.string(), z.string()),
  metadata: document,
});

const Connection = Listed.extend({
  connection_config: document,
  webhook_url_override: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  last_fetched_at: z.string().nullable(),
  auth_mode: z.string(),
  credentials_sealed: z.instanceof(Buffer).nullable(),
  credentials_expire_at: z.string().nullable(),
  auth_version: z.number(),
  renew_in_ms: z.number().nullable(),
  ends_in_ms: z.number().nullable(),
});

/** What lists show of a connection, too. */
export type ListedConnection = z.infer<typeof Listed>;

/** A connection with its credentials, sealed with its own key for `credentialsPlace`. */
export type Connection = z.infer<typeof Connection>;

const names = { environment: "int", integration: "text", connection: "text" } as const;
const many = { environment: "int", integration: "text", connections: "text[]", metadata: "jsonb" } as const;

export const importConnection = fn(
  "import_connection",
  {
    ...names,
    authMode: "text",
    connectionConfig: "jsonb",
    metadata: "jsonb",
    tags: "jsonb",
    generatedTags: "jsonb",
    endUser: "jsonb",
    webhookUrlOverride: "text",
    wrapped: "bytea",
    masterKeyId: "text",
  },
  row(z.object({ id: z.number(), is_new: z.boolean(), wrapped: z.instanceof(Buffer), master_key_id: z.string() })),
);
export const setCredentials = fn(
  "set_credentials",
  { connection: "int", sealed: "bytea", expireAt: "timestamptz", margin: "interval?" },
  nothing(),
);
export const findConnection = fn(
  "find_connection",
  names,
  maybeRow(z.object({ id: z.number(), integration_id: z.number(), provider: z.string() })),
);
export const isInstallationOfOthers = fn(
  "is_installation_of_others",
  { integration: "int", installation: "text", tags: "jsonb" },
  value(z.boolean()),
);
export const listConnections = fn(
  "list_connections",
  {
    environment: "int",
    connection: "text",
    search: "text",
    endUser: "text",
    organization: "text",
    integrations: "text[]",
    tags: "jsonb",
    limit: "int",
    page: "int",
  },
  rows(Listed.extend({ created: z.string() })),
);
export const getConnection = fn("get_connection", names, maybeRow(Connection));
export const patchConnection = fn(
  "patch_connection",
  { ...names, tags: "jsonb", generatedTags: "jsonb", endUser: "jsonb", webhookUrlOverride: "text" },
  nothing(),
);
export const deleteConnection = fn("delete_connection", names, nothing());
export const discardConnection = fn("discard_connection", { connection: "int" }, nothing());
export const setMetadata = fn("set_metadata", many, nothing());
export const updateMetadata = fn("update_metadata", many, nothing());
export const describeConnectionErrors = fn("describe_connection_errors", { connection: "int" }, value(Errors));
