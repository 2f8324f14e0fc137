// getIntegration and getWebhookURL: how the run's provider is set up in its environment.
import { showIntegrationCredentials } from "../../crypto/integration-credentials.ts";
import { getIntegration as find } from "../../db/integrations.ts";
import { AppError, type Json } from "../../errors.ts";
import type { Catalogue } from "../../providers/catalogue.ts";
import { webhookUrl } from "../../providers/webhook/url.ts";
import type { RunHost } from "./run-host.ts";

type Deps = {
  catalogue: Catalogue;
  /** Where providers reach this server. */
  serverUrl?: string | undefined;
};

/** `getIntegration({ include })`; client credentials only when asked for, and kept out of the run's log from then on. */
export const getIntegration =
  (host: RunHost, { catalogue, serverUrl: base }: Deps) =>
  async (options?: { include?: unknown }): Promise<Record<string, Json>> => {
    const { environment_id: environment, provider_config_key: uniqueKey } = host.lease;
    const found = await find(host.pool, { environment, uniqueKey });
    if (found === null) throw new AppError("unknown_provider_config", `There is no integration "${uniqueKey}".`);
    const wanted = Array.isArray(options?.include) ? options.include : [];
    const { unique_key, provider, display_name, forward_webhooks, created_at, updated_at } = found;
    const logo = `/images/template-logos/${provider}.svg`;
    const shown = { unique_key, provider, display_name, forward_webhooks, created_at, updated_at, logo };
    const integration: Record<string, Json> = shown;
    if (wanted.includes("webhook")) {
      const at = { base: base ?? "", environmentUid: found.environment_uid, uniqueKey };
      integration.webhook_url = base === undefined ? null : webhookUrl(catalogue.get(provider), at);
    }
    if (wanted.includes("credentials")) {
      const credentials = await showIntegrationCredentials(host.keys, environment, found);
      host.redactor.learn(credentials ?? {});
      integration.credentials = credentials;
    }
    return integration;
  };

/** `getWebhookURL()`: null where the provider has nowhere to send webhooks to. */
export const getWebhookURL = (host: RunHost, deps: Deps) => async (): Promise<Json> =>
  (await getIntegration(host, deps)({ include: ["webhook"] })).webhook_url ?? null;
