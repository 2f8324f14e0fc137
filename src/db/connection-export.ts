// Bindings of sql/63_connection_export.sql: connections as a whole, a page at a time.
import { z } from "zod";
import { fn, rows, value } from "./fn.ts";

const document = z.record(z.string(), z.unknown());

const Exported = z.object({
  id: z.number(),
  connection_id: z.string(),
  provider_config_key: z.string(),
  provider: z.string(),
  auth_mode: z.string(),
  credentials_sealed: z.instanceof(Buffer).nullable(),
  connection_config: document,
  metadata: document,
  tags: z.record(z.string(), z.string()),
  end_user: document.nullable(),
  webhook_url_override: z.string().nullable(),
  created_at: z.string(),
});

const filter = { environment: "int", integration: "text", connection: "text" } as const;

export const exportConnections = fn(
  "export_connections",
  { ...filter, after: "int", limit: "int", reader: "jsonb" },
  rows(Exported),
);
export const countConnections = fn("count_connections", filter, value(z.number()));
