// Webhook secrets that older versions left in clear among an integration's free texts are sealed when a server starts.
import type { Db } from "../db/fn.ts";
import { listClearWebhookSecrets, moveWebhookSecret } from "../db/integrations.ts";
import type { DataKeys } from "./data-keys.ts";
import { sealWebhookSecret } from "./integration-credentials.ts";

/** Seals them where they belong; safe to call by several at once. */
export const sealClearWebhookSecrets = async ({ db, keys }: { db: Db; keys: DataKeys }): Promise<void> => {
  for (const { id, environment_id, unique_key: uniqueKey, secret } of await listClearWebhookSecrets(db, {})) {
    const sealed = await sealWebhookSecret(keys, environment_id, { uniqueKey, secret });
    await moveWebhookSecret(db, { integration: id, secret, sealed });
  }
};
