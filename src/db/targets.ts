// Bindings of sql/64_target.sql: what a worker loads to work on a run, and a request for its connection.
import { z } from "zod";
import { fn, maybeRow, value } from "./fn.ts";

const document = z.record(z.string(), z.unknown());

const Connection = z.object({
  id: z.number(),
  environment_id: z.number(),
  connection_id: z.string(),
  provider_config_key: z.string(),
  provider: z.string(),
  auth_mode: z.string(),
  credentials_sealed: z.instanceof(Buffer).nullable(),
  connection_config: document,
  metadata: document,
  tags: document,
  end_user: document.nullable(),
  webhook_url_override: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  last_fetched_at: z.string().nullable(),
  /** Grows with each set of credentials. */
  auth_version: z.number(),
  /** Until they have to be renewed, and until they end; null: never. */
  renew_in_ms: z.number().nullable(),
  ends_in_ms: z.number().nullable(),
});

/** A connection as a run sees it; credentials sealed. */
export type LoadedConnection = z.infer<typeof Connection>;

export const findBundle = fn("find_bundle", { function: "int" }, value(z.string().nullable()));
export const loadConnection = fn("load_connection", { connection: "int" }, maybeRow(Connection));
export const openTarget = fn(
  "open_target",
  { environment: "int", integration: "text", connection: "text" },
  maybeRow(Connection.extend({ integration_id: z.number() })),
);
export const writeMetadata = fn(
  "write_metadata",
  { run: "bigint", token: "bigint", metadata: "jsonb", merge: "boolean" },
  value(document),
);
