// Bindings of sql/59_connect_session.sql: sessions in which end users connect, known by the SHA-256 of their token.
import { z } from "zod";
import { fn, maybeRow, nothing, value } from "./fn.ts";

const JsonObject = z.record(z.string(), z.unknown());

const ConnectSession = z.object({
  id: z.number(),
  environment_id: z.number(),
  environment_uid: z.string(),
  environment: z.string(),
  connection_id: z.string().nullable(),
  allowed_integrations: z.array(z.string()).nullable(),
  end_user: JsonObject.nullable(),
  tags: z.record(z.string(), z.string()),
  defaults: JsonObject,
  overrides: JsonObject,
  webhook_url_override: z.string().nullable(),
  expires_at: z.string(),
});

/** A session; `connection_id` is set where it renews a connection. */
export type ConnectSession = z.infer<typeof ConnectSession>;

export const unknownIntegrations = fn(
  "unknown_integrations",
  { environment: "int", names: "text[]" },
  value(z.array(z.string())),
);
export const createConnectSession = fn(
  "create_connect_session",
  {
    environment: "int",
    tokenHash: "bytea",
    connection: "int",
    allowedIntegrations: "text[]",
    endUser: "jsonb",
    tags: "jsonb",
    defaults: "jsonb",
    overrides: "jsonb",
    webhookUrlOverride: "text",
  },
  value(z.string()),
);
export const findConnectSession = fn("find_connect_session", { tokenHash: "bytea" }, maybeRow(ConnectSession));
export const useConnectSession = fn("use_connect_session", { id: "int", connection: "int" }, nothing());
export const releaseConnectSession = fn("release_connect_session", { id: "int", connection: "int" }, nothing());
export const deleteConnectSession = fn("delete_connect_session", { id: "int" }, value(z.boolean()));
