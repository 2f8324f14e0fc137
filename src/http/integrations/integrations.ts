// GET and POST /integrations, POST /integrations/quickstart.
import { z } from "zod";
import {
  sealIntegrationConfig,
  sealIntegrationCredentials,
  sealWebhookSecret,
} from "../../crypto/integration-credentials.ts";
import { createIntegration, listIntegrations } from "../../db/integrations.ts";
import type { Provider } from "../../providers/schema.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { Name, ProviderConfigKey } from "../patterns.ts";
import { fieldError, translating } from "../validate.ts";
import {
  checkKind,
  ManyIntegrations,
  mustFind,
  named,
  OneIntegration,
  REFUSALS,
  settable,
  showIntegration,
  splitCustom,
} from "./integration-shape.ts";

const key = { provider: Name, unique_key: ProviderConfigKey };
const CreateBody = z.strictObject({ ...key, ...settable });
const QuickstartBody = z.strictObject({ ...key, ...named });

const shared = { tag: "Integrations", scope: "integrations:create" } as const;

/** Integrations: providers set up in the environment. Listing them is one statement, creating one three. */
export const integrationsEndpoints = ({ db, keys, catalogue }: HttpDeps): Endpoint[] => {
  const mustKnow = (provider: string): Provider => {
    const entry = catalogue.get(provider);
    if (entry === undefined) throw fieldError("invalid_body", ["provider"], `there is no provider "${provider}"`);
    return entry;
  };

  return [
    endpoint(
      {
        ...shared,
        method: "get",
        path: "/integrations",
        says: "All integrations",
        client: "listIntegrations",
        more: "A connect session sees those that it allows.",
        access: ["environment", "session"],
        scope: "integrations:list",
        answers: { 200: { says: "By unique key.", body: ManyIntegrations } },
      },
      async ({ environment, caller, req }) => {
        const allowed = caller.kind === "session" ? caller.session.allowed_integrations : null;
        const found = await listIntegrations(db, { environment: environment.id });
        const seen = found.filter(({ unique_key }) => allowed === null || allowed.includes(unique_key));
        return { data: seen.map((integration) => showIntegration(req, integration)) };
      },
    ),
    endpoint(
      {
        ...shared,
        method: "post",
        path: "/integrations",
        says: "Set a provider up",
        more: "Without credentials it serves connections that need none of the app's own, such as those by API key, and imported ones.",
        client: "createIntegration",
        body: CreateBody,
        answers: { 200: { says: "The integration.", body: OneIntegration } },
      },
      async ({ environment: { id: environment }, body, req }) => {
        const { provider, unique_key: uniqueKey, credentials, integration_config: config } = body;
        const entry = mustKnow(provider);
        checkKind(catalogue, provider, credentials);
        const { secret, rest } = splitCustom(body.custom);
        const work = createIntegration(db, {
          environment,
          uniqueKey,
          provider,
          displayName: body.display_name ?? entry.display_name,
          forwardWebhooks: body.forward_webhooks ?? true,
          credentialsSealed: credentials
            ? await sealIntegrationCredentials(keys, environment, { uniqueKey, credentials })
            : null,
          custom: rest,
          webhookSecretSealed:
            secret === null ? null : await sealWebhookSecret(keys, environment, { uniqueKey, secret }),
          configSealed: config ? await sealIntegrationConfig(keys, environment, { uniqueKey, config }) : null,
        });
        await translating(REFUSALS, work);
        return { data: showIntegration(req, await mustFind(db, environment, uniqueKey)) };
      },
    ),
    endpoint(
      {
        ...shared,
        method: "post",
        path: "/integrations/quickstart",
        unaudited: "it is always refused",
        says: "Set a provider up with an app that the server's owner shares",
        more: "A server of your own shares no app, so this is always refused: register an app with the provider, and create the integration with its credentials.",
        client: "createQuickstartIntegration",
        body: QuickstartBody,
        answers: { 200: { says: "The integration.", body: OneIntegration } },
      },
      ({ body: { provider } }) => {
        const { display_name: name, auth_mode: mode } = mustKnow(provider);
        const instead = `create it with POST /integrations and ${mode} credentials of an app of your own`;
        throw fieldError(
          "invalid_body",
          ["provider"],
          `this server shares no app of ${name} ("${provider}"): ${instead}`,
        );
      },
    ),
  ];
};
