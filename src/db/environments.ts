// Bindings of sql/55_environment.sql: environments, their API keys and webhook settings.
import { z } from "zod";
import { fn, maybeRow, nothing, row, value } from "./fn.ts";

const Environment = z.object({ id: z.number(), uid: z.string(), name: z.string(), scopes: z.array(z.string()) });

/** The environment a key acts for, and what it may do there. */
export type Environment = z.infer<typeof Environment>;

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
export const addApiKey = fn(
  "add_api_key",
  { environment: "int", keyHash: "bytea", displayName: "text" },
  value(z.boolean()),
);
export const findEnvironmentByKey = fn("find_environment_by_key", { keyHash: "bytea" }, maybeRow(Environment));
export const getWebhookSettings = fn("get_webhook_settings", { environment: "int" }, row(WebhookSettings));
export const updateWebhookSettings = fn("update_webhook_settings", { environment: "int", changes: "jsonb" }, nothing());
export const getRecordValidation = fn("get_record_validation", { environment: "int" }, value(RecordValidation));
export const setRecordValidation = fn("set_record_validation", { environment: "int", mode: "text" }, nothing());
