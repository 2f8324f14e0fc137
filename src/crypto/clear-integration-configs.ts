// Settings of integrations that older versions left in clear are sealed when a server starts: some of them are secrets.
import type { Db } from "../db/fn.ts";
import { listClearIntegrationConfigs, moveIntegrationConfig } from "../db/integrations.ts";
import type { DataKeys } from "./data-keys.ts";
import { sealIntegrationConfig } from "./integration-credentials.ts";

/** Seals them where they belong; safe to call by several at once. */
export const sealClearIntegrationConfigs = async ({ db, keys }: { db: Db; keys: DataKeys }): Promise<void> => {
  for (const { id, environment_id, unique_key: uniqueKey, config } of await listClearIntegrationConfigs(db, {})) {
    const sealed = await sealIntegrationConfig(keys, environment_id, { uniqueKey, config });
    await moveIntegrationConfig(db, { integration: id, uniqueKey, config, sealed });
  }
};
