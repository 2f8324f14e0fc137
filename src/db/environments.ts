// Bindings of sql/55_environment.sql and 67_environment_deletion.sql: environments and their settings.
import { z } from "zod";
import { fn, nothing, row, rows, value } from "./fn.ts";

const Listed = z.object({ id: z.number(), uid: z.string(), name: z.string(), created_at: z.string() });

const WebhookSettings = z.object({
  primary_url: z.string().nullable(),
  secondary_url: z.string().nullable(),
  on_auth_creation: z.boolean(),
  on_auth_refresh_error: z.boolean(),
  on_sync_error: z.boolean(),
  on_sync_completion_always: z.boolean(),
  on_async_action_completion: z.boolean(),
  on_connection_deletion: z.boolean(),
});

export const RecordValidation = z.enum(["off", "warn", "enforce"]);

export const ensureEnvironment = fn(
  "ensure_environment",
  { name: "text", wrapped: "bytea", masterKeyId: "text" },
  row(z.object({ id: z.number(), is_new: z.boolean() })),
);
export const setSigningKey = fn("set_signing_key", { environment: "int", sealed: "bytea" }, nothing());
export const getSigningKey = fn("get_signing_key", { environment: "int" }, value(z.instanceof(Buffer)));
export const listEnvironments = fn("list_environments", {}, rows(Listed));
export const discardConnections = fn("discard_connections", { environment: "int", limit: "int" }, value(z.number()));
export const deleteEnvironment = fn("delete_environment", { id: "int" }, nothing());
export const getWebhookSettings = fn("get_webhook_settings", { environment: "int" }, row(WebhookSettings));
export const updateWebhookSettings = fn("update_webhook_settings", { environment: "int", changes: "jsonb" }, nothing());
export const getConnectUi = fn("get_connect_ui", { environment: "int" }, value(z.record(z.string(), z.unknown())));
export const updateConnectUi = fn("update_connect_ui", { environment: "int", changes: "jsonb" }, nothing());
export const getRecordValidation = fn("get_record_validation", { environment: "int" }, value(RecordValidation));
export const setRecordValidation = fn("set_record_validation", { environment: "int", mode: "text" }, nothing());
