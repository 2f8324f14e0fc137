// Where a webhook was sent to: the integration, its provider's rule, and what signatures are checked with.
import type { DataKeys } from "../../crypto/data-keys.ts";
import { openIntegrationCredentials, openWebhookSecret } from "../../crypto/integration-credentials.ts";
import type { DataKey } from "../../crypto/keyring.ts";
import { createBatcher } from "../../db/batcher.ts";
import { findWebhookTargets, type WebhookTarget } from "../../db/inbox.ts";
import { AppError } from "../../errors.ts";
import type { WebhookRule } from "../../providers/webhook/rule.ts";
import { ruleOf } from "../../providers/webhook/rules.ts";
import type { WebhookSecrets } from "../../providers/webhook/types.ts";
import type { HttpDeps } from "../deps.ts";

const MOST_AT_ONCE = 200;
const EVERY_MS = 4; // at 1,000 a second four share a statement

export type Address = { environmentUuid: string; providerConfigKey: string };

export type Target = {
  environment: number;
  integration: number;
  uniqueKey: string;
  /** Of the integration: any change makes another. */
  version: string;
  rule: WebhookRule;
  secrets: WebhookSecrets;
  /** The environment's. */
  key: DataKey;
};

const asText = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const openSecrets = async (keys: DataKeys, uniqueKey: string, found: WebhookTarget): Promise<WebhookSecrets> => {
  const environment = found.environment_id;
  const integration = { ...found, unique_key: uniqueKey };
  const credentials = (await openIntegrationCredentials(keys, environment, integration)) ?? {};
  const { app_id, private_key, app_link } = credentials;
  const own = (await openWebhookSecret(keys, environment, integration)) ?? asText(found.custom_secret);
  return {
    webhookSecret: own ?? asText(credentials.webhook_secret),
    clientSecret: asText(credentials.client_secret),
    app:
      typeof app_id === "string" && typeof private_key === "string"
        ? { id: app_id, privateKey: private_key, link: String(app_link ?? "") }
        : undefined,
  };
};

/** One name for each address. */
export const nameOf = ({ environmentUuid, providerConfigKey }: Address): string =>
  `${environmentUuid}/${providerConfigKey}`;

export type TargetDeps = Pick<HttpDeps, "db" | "keys" | "catalogue">;

/** Looks up where webhooks go: one statement for all that ask meanwhile. Undefined when the provider has no rule. */
export const createFindTarget = ({
  db,
  keys,
  catalogue,
}: TargetDeps): ((at: Address) => Promise<Target | undefined>) => {
  const toTarget = async ({ providerConfigKey }: Address, found: WebhookTarget | undefined) => {
    if (found === undefined) throw new AppError("unknown_environment");
    const { environment_id: environment, integration_id: integration } = found;
    if (integration === null) throw new AppError("unknown_provider_config", undefined, { status: 404 });
    const provider = catalogue.get(found.provider ?? "");
    const rule = provider && ruleOf(provider);
    if (rule === undefined) return undefined;
    const key = await keys.ofEnvironment(environment);
    const secrets = await openSecrets(keys, providerConfigKey, found);
    return {
      environment,
      integration,
      uniqueKey: providerConfigKey,
      version: found.version as string,
      rule,
      secrets,
      key,
    };
  };

  return createBatcher<Address, Target | undefined>({
    most: MOST_AT_ONCE,
    everyMs: EVERY_MS,
    work: async (asked) => {
      const distinct = [...new Map(asked.map((one) => [nameOf(one), one])).values()];
      const found = await findWebhookTargets(db, {
        environments: distinct.map(({ environmentUuid }) => environmentUuid),
        keys: distinct.map(({ providerConfigKey }) => providerConfigKey),
      });
      const rows = new Map(found.map((row) => [row.n, row]));
      const targets = new Map(distinct.map((one, index) => [nameOf(one), toTarget(one, rows.get(index + 1))]));
      return asked.map((one) => targets.get(nameOf(one)) as Promise<Target | undefined>);
    },
  });
};
