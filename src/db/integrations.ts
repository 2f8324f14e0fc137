// Bindings of sql/57_integration.sql: providers as set up in an environment.
import { z } from "zod";
import { fn, maybeRow, nothing, rows, value } from "./fn.ts";

const Listed = z.object({
  id: z.number(),
  unique_key: z.string(),
  provider: z.string(),
  display_name: z.string(),
  forward_webhooks: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
});

const Integration = Listed.extend({
  credentials_sealed: z.instanceof(Buffer).nullable(),
  config: z.record(z.string(), z.unknown()),
  custom: z.record(z.string(), z.unknown()),
  webhook_secret_sealed: z.instanceof(Buffer).nullable(),
  environment_uid: z.string(),
});

export type ListedIntegration = z.infer<typeof Listed>;

/** An integration with its client credentials and webhook secret, sealed with the environment's key for their places. */
export type Integration = z.infer<typeof Integration>;

const shared = {
  displayName: "text",
  forwardWebhooks: "boolean",
  credentialsSealed: "bytea",
  config: "jsonb",
  custom: "jsonb",
  webhookSecretSealed: "bytea?",
} as const;

export const createIntegration = fn(
  "create_integration",
  { environment: "int", uniqueKey: "text", provider: "text", ...shared },
  value(z.number()),
);
export const listIntegrations = fn("list_integrations", { environment: "int" }, rows(Listed));
export const getIntegration = fn("get_integration", { environment: "int", uniqueKey: "text" }, maybeRow(Integration));
export const updateIntegration = fn(
  "update_integration",
  { environment: "int", uniqueKey: "text", newKey: "text", ...shared },
  nothing(),
);
export const deleteIntegration = fn("delete_integration", { environment: "int", uniqueKey: "text" }, nothing());
export const listClearWebhookSecrets = fn(
  "list_clear_webhook_secrets",
  {},
  rows(z.object({ id: z.number(), environment_id: z.number(), unique_key: z.string(), secret: z.string() })),
);
export const moveWebhookSecret = fn(
  "move_webhook_secret",
  { integration: "int", secret: "text", sealed: "bytea" },
  nothing(),
);
