// What an integration looks like on the wire, coming in and going out.
import type { Request } from "express";
import { z } from "zod";
import { getIntegration, type Integration, type ListedIntegration } from "../../db/integrations.ts";
import type { Pool } from "../../db/pool.ts";
import { AppError } from "../../errors.ts";
import type { Catalogue } from "../../providers/catalogue.ts";
import { ProviderConfigKey, plainText } from "../patterns.ts";
import { fieldError, type Refusals } from "../validate.ts";
import { IntegrationCredentials, ShownCredentials } from "./integration-credentials.ts";
import { logoUrl } from "./logo-url.ts";

const Texts = z.record(z.string(), z.string().max(8192));

/** What may be set of an integration without secrets. */
export const named = {
  display_name: plainText(255).min(1).optional(),
  forward_webhooks: z.boolean().optional().meta({ description: "Whether the provider's webhooks reach the app." }),
};

/** What may be set of an integration at its creation and later. */
export const settable = {
  ...named,
  credentials: IntegrationCredentials.optional(),
  integration_config: Texts.optional().meta({ description: "What the provider's entry asks of an integration." }),
  custom: Texts.optional().meta({
    description: "Whatever else belongs to it. What its webhooks are signed with, webhookSecret, is kept sealed.",
  }),
};

export const IntegrationParams = z.object({ uniqueKey: ProviderConfigKey });

const WireIntegration = z
  .strictObject({
    unique_key: ProviderConfigKey,
    provider: z.string(),
    display_name: z.string(),
    logo: z.string(),
    forward_webhooks: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
    webhook_url: z
      .string()
      .nullish()
      .meta({ description: "Where the provider sends webhooks; null where it has none." }),
    credentials: ShownCredentials.nullish(),
  })
  .meta({ id: "Integration", description: "A provider as this environment uses it." });

export const OneIntegration = z.strictObject({ data: WireIntegration });
export const ManyIntegrations = z.strictObject({ data: z.array(WireIntegration) });

/** Without what is only shown when it is asked for. */
export const showIntegration = (req: Request, integration: ListedIntegration) => ({
  unique_key: integration.unique_key,
  provider: integration.provider,
  display_name: integration.display_name,
  logo: logoUrl(req, integration.provider),
  forward_webhooks: integration.forward_webhooks,
  created_at: integration.created_at,
  updated_at: integration.updated_at,
});

/** What rests as it is, and what is sealed: an empty secret is none. */
export const splitCustom = (custom: Record<string, string> | undefined) => {
  const { webhookSecret = "", ...rest } = custom ?? {};
  return { secret: webhookSecret === "" ? null : webhookSecret, rest };
};

/** What the SQL refuses about integrations. */
export const REFUSALS: Refusals = {
  "no such integration": () => new AppError("not_found", "There is no such integration."),
  "integration exists": () => fieldError("invalid_body", ["unique_key"], "is taken by another integration"),
  "integration has connections": () =>
    fieldError("invalid_body", ["unique_key"], "cannot change while there are connections"),
};

/** The integration of this key; throws `not_found`. */
export const mustFind = async (db: Pool, environment: number, uniqueKey: string): Promise<Integration> => {
  const found = await getIntegration(db, { environment, uniqueKey });
  if (found === null) throw new AppError("not_found", `There is no integration "${uniqueKey}".`);
  return found;
};

/** Refuses credentials of another kind than the provider takes. */
export const checkKind = (catalogue: Catalogue, provider: string, given: IntegrationCredentials | undefined): void => {
  const mode = catalogue.get(provider)?.auth_mode;
  if (given !== undefined && given.type !== mode)
    throw fieldError("invalid_body", ["credentials", "type"], `${provider} takes ${mode} credentials`);
};

/** The integration of this key, as endpoints about single functions refuse: `integration_not_found`. */
export const mustKnow = async (db: Pool, environment: number, uniqueKey: string): Promise<Integration> => {
  const found = await getIntegration(db, { environment, uniqueKey });
  if (found === null) throw new AppError("integration_not_found", `There is no integration "${uniqueKey}".`);
  return found;
};
