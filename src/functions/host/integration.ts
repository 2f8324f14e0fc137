// getIntegration and getWebhookURL: how the run's provider is set up in its environment.
import { showIntegrationCredentials } from "../../crypto/integration-credentials.ts";
import { getIntegration as find } from "../../db/integrations.ts";
import { AppError, type Json } from "../../errors.ts";
import type { RunHost } from "./run-host.ts";

/** `getIntegration({ include })`; client credentials only when asked for, and kept out of the run's log from then on. */
export const getIntegration =
  (host: RunHost) =>
  async (options?: { include?: unknown }): Promise<Record<string, Json>> => {
    const { environment_id: environment, provider_config_key: uniqueKey } = host.lease;
    const found = await find(host.pool, { environment, uniqueKey });
    if (found === null) throw new AppError("unknown_provider_config", `There is no integration "${uniqueKey}".`);
    const wanted = Array.isArray(options?.include) ? options.include : [];
    const { credentials_sealed: _sealed, config: _config, custom: _custom, id: _id, ...shown } = found;
    const integration: Record<string, Json> = { ...shown, logo: `/images/template-logos/${found.provider}.svg` };
    if (wanted.includes("webhook")) integration.webhook_url = null;
    if (wanted.includes("credentials")) {
      const credentials = await showIntegrationCredentials(host.keys, environment, found);
      host.redactor.learn(credentials ?? {});
      integration.credentials = credentials;
    }
    return integration;
  };

/** `getWebhookURL()`: null where the provider has nowhere to send webhooks to. */
export const getWebhookURL = (host: RunHost) => async (): Promise<Json> =>
  (await getIntegration(host)({ include: ["webhook"] })).webhook_url ?? null;
