// Bindings of sql/34_inbox.sql: taking what providers send.
import { z } from "zod";
import { fn, nothing, rows, value } from "./fn.ts";

const bytes = z.instanceof(Buffer).nullable();

const Target = z.object({
  n: z.number(),
  environment_id: z.number(),
  integration_id: z.number().nullable(),
  version: z.string().nullable(),
  provider: z.string().nullable(),
  custom_secret: z.string().nullable(),
  webhook_secret_sealed: bytes,
  credentials_sealed: bytes,
});

/** Where a webhook was sent to: the `n`-th (from 1) of those asked for. */
export type WebhookTarget = z.infer<typeof Target>;

export const findWebhookTargets = fn("find_webhook_targets", { environments: "uuid[]", keys: "text[]" }, rows(Target));
export const findLookupSecrets = fn(
  "find_lookup_secrets",
  { integration: "int", lookups: "jsonb", field: "text" },
  value(z.array(z.string())),
);
export const acceptEvents = fn(
  "accept_events",
  {
    uids: "uuid[]",
    integrations: "int[]",
    reasons: "text[]",
    verified: "boolean[]",
    deliveryIds: "text[]",
    keys: "bytea[]",
    bodyHashes: "bytea[]",
    contents: "bytea[]",
    bytes: "int[]",
    parts: "text[]",
    versions: "text[]",
  },
  value(z.string()),
);
export const ringInbox = fn("ring_inbox", {}, nothing());
