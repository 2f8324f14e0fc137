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

const Fields = z.record(z.string(), z.unknown());

const Integration = Listed.extend({
  credentials_sealed: z.instanceof(Buffer).nullable(),
  config: Fields,
  config_sealed: z.instanceof(Buffer).nullable(),
  custom: Fields,
  webhook_secret_sealed: z.instanceof(Buffer).nullable(),
  environment_uid: z.string(),
});

export type ListedIntegration = z.infer<typeof Listed>;

/** An integration with its client credentials, webhook secret and settings, sealed with the environment's key for their places. */
export type Integration = z.infer<typeof Integration>;

const shared = {
  displayName: "text",
  forwardWebhooks: "boolean",
  credentialsSealed: "bytea",
  custom: "jsonb",
  webhookSecretSealed: "bytea?",
  configSealed: "bytea?",
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
export const listClearIntegrationConfigs = fn(
  "list_clear_integration_configs",
  {},
  rows(z.object({ id: z.number(), environment_id: z.number(), unique_key: z.string(), config: Fields })),
);
export const moveIntegrationConfig = fn(
  "move_integration_config",
  { integration: "int", uniqueKey: "text", config: "jsonb", sealed: "bytea" },
  nothing(),
);
