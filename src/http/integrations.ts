// GET, POST /integrations; GET, PATCH, DELETE /integrations/:uniqueKey.
import type { Request } from "express";
import { z } from "zod";
import {
  createIntegration,
  deleteIntegration,
  getIntegration,
  type Integration,
  type ListedIntegration,
  listIntegrations,
  updateIntegration,
} from "../db/integrations.ts";
import { inTransaction } from "../db/tx.ts";
import { AppError, type Json } from "../errors.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { IntegrationCredentials, integrationCredentials } from "./integration-credentials.ts";
import { logoUrl } from "./logo-url.ts";
import { Name, ProviderConfigKey } from "./patterns.ts";
import { fieldError, type Refusals, readBody, readParams, readQuery, refuseQuery, translating } from "./validate.ts";

const texts = z.record(z.string(), z.string().max(8192));

const shared = {
  display_name: z.string().min(1).max(255).optional(),
  forward_webhooks: z.boolean().optional(),
  credentials: IntegrationCredentials.optional(),
  integration_config: texts.optional(),
  custom: texts.optional(),
};
const CreateBody = z.strictObject({ provider: Name, unique_key: ProviderConfigKey, ...shared });
const PatchBody = z.strictObject({ unique_key: ProviderConfigKey.optional(), ...shared });
const Params = z.object({ uniqueKey: ProviderConfigKey });
const Include = z.enum(["webhook", "credentials"]);
const GetQuery = z.strictObject({
  include: z.preprocess((value) => (typeof value === "string" ? [value] : value), z.array(Include)).default([]),
});

const REFUSALS: Refusals = {
  "no such integration": () => new AppError("not_found", "There is no such integration."),
  "integration exists": () => fieldError("invalid_body", ["unique_key"], "is taken by another integration"),
  "integration has connections": () =>
    fieldError("invalid_body", ["unique_key"], "cannot change while there are connections"),
};

/** Integrations: providers set up in the environment. */
export const installIntegrations: Install = (app, deps) => {
  const { db, catalogue } = deps;
  const credentials = integrationCredentials(deps);

  const show = (req: Request, integration: ListedIntegration) => ({
    unique_key: integration.unique_key,
    provider: integration.provider,
    display_name: integration.display_name,
    logo: logoUrl(req, integration.provider),
    forward_webhooks: integration.forward_webhooks,
    created_at: integration.created_at,
    updated_at: integration.updated_at,
  });

  const mustFind = async (environment: number, uniqueKey: string): Promise<Integration> => {
    const found = await getIntegration(db, { environment, uniqueKey });
    if (found === null) throw new AppError("not_found", `There is no integration "${uniqueKey}".`);
    return found;
  };

  const checkCredentials = (provider: string, given: IntegrationCredentials | undefined): void => {
    const mode = catalogue.get(provider)?.auth_mode;
    if (given !== undefined && given.type !== mode)
      throw fieldError("invalid_body", ["credentials", "type"], `${provider} takes ${mode} credentials`);
  };

  app.get("/integrations", async (req, res) => {
    refuseQuery(req);
    const found = await listIntegrations(db, { environment: environmentOf(res).id });
    res.json({ data: found.map((integration) => show(req, integration)) });
  });

  app.post("/integrations", async (req, res) => {
    refuseQuery(req);
    const body = readBody(req, CreateBody);
    const environment = environmentOf(res).id;
    const { provider, unique_key: uniqueKey } = body;
    const entry = catalogue.get(provider);
    if (entry === undefined) throw fieldError("invalid_body", ["provider"], `there is no provider "${provider}"`);
    checkCredentials(provider, body.credentials);
    const work = createIntegration(db, {
      environment,
      uniqueKey,
      provider,
      displayName: body.display_name ?? entry.display_name,
      forwardWebhooks: body.forward_webhooks ?? true,
      credentialsSealed: body.credentials ? await credentials.seal(environment, uniqueKey, body.credentials) : null,
      config: body.integration_config ?? {},
      custom: body.custom ?? {},
    });
    await translating(REFUSALS, work);
    res.json({ data: show(req, await mustFind(environment, uniqueKey)) });
  });

  const one = app.route("/integrations/:uniqueKey");

  one.get(async (req, res) => {
    const { uniqueKey } = readParams(req, Params);
    const { include } = readQuery(req, GetQuery);
    const environment = environmentOf(res).id;
    const found = await mustFind(environment, uniqueKey);
    const extras: Record<string, Json> = {};
    if (include.includes("webhook")) extras.webhook_url = null;
    if (include.includes("credentials")) extras.credentials = await credentials.show(environment, found);
    res.json({ data: { ...show(req, found), ...extras } });
  });

  one.patch(async (req, res) => {
    refuseQuery(req);
    const { uniqueKey } = readParams(req, Params);
    const body = readBody(req, PatchBody);
    const environment = environmentOf(res).id;
    const found = await mustFind(environment, uniqueKey);
    checkCredentials(found.provider, body.credentials);
    const newKey = body.unique_key ?? uniqueKey;
    // The seal names the key, so a rename seals anew.
    const kept = newKey === uniqueKey ? null : await credentials.open(environment, found);
    const toSeal = body.credentials ?? kept;
    const work = updateIntegration(db, {
      environment,
      uniqueKey,
      newKey,
      displayName: body.display_name ?? null,
      forwardWebhooks: body.forward_webhooks ?? null,
      credentialsSealed: toSeal ? await credentials.seal(environment, newKey, toSeal) : null,
      config: body.integration_config ?? null,
      custom: body.custom ?? null,
    });
    await translating(REFUSALS, work);
    res.json({ data: show(req, await mustFind(environment, newKey)) });
  });

  one.delete(async (req, res) => {
    refuseQuery(req);
    const { uniqueKey } = readParams(req, Params);
    const names = { environment: environmentOf(res).id, uniqueKey };
    await translating(
      REFUSALS,
      inTransaction(db, (client) => deleteIntegration(client, names)),
    );
    res.json({ success: true });
  });
};
