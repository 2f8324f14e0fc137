// POST /connections: a connection made from credentials the app has already.
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { tagsOfEndUser } from "../../auth/end-user.ts";
import { makeConnection } from "../../auth/make-connection.ts";
import type { Environment } from "../../db/api-keys.ts";
import { getConnection } from "../../db/connections.ts";
import { getIntegration, type Integration } from "../../db/integrations.ts";
import { AppError } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import { covers } from "../access/scopes.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, HttpUrl, JsonObject, ProviderConfigKey } from "../patterns.ts";
import { fieldError } from "../validate.ts";
import { checkDestinations } from "../webhooks/destination.ts";
import { ConnectionInFull, openCredentials, showConnection } from "./connection-shape.ts";
import { ImportedCredentials, storedForm } from "./import-credentials.ts";
import { EndUser, storedEndUser, Tags } from "./tags.ts";

/** What an import says beside the credentials. */
export const ImportedNames = {
  provider_config_key: ProviderConfigKey,
  connection_id: ConnectionId.optional().meta({ description: "Made up where it is not given." }),
  connection_config: JsonObject.optional(),
  metadata: JsonObject.optional(),
};

const Body = z.strictObject({
  ...ImportedNames,
  credentials: ImportedCredentials,
  webhook_url_override: HttpUrl.optional(),
  tags: Tags.optional(),
  end_user: EndUser.optional(),
});

/** What is imported. */
export type Import = z.output<typeof Body>;

type Place = { integration: Integration; provider: Provider };

/** The integration and its provider, which takes credentials of this kind. */
const mustTake = async ({ db, catalogue }: HttpDeps, environment: number, body: Import): Promise<Place> => {
  const { provider_config_key: uniqueKey, credentials, connection_config: config } = body;
  const integration = await getIntegration(db, { environment, uniqueKey });
  if (integration === null) throw new AppError("not_found", `There is no integration "${uniqueKey}".`);
  const provider = catalogue.get(integration.provider);
  if (provider === undefined) throw new AppError("not_found", `There is no provider "${integration.provider}".`);
  const { auth_mode: mode } = provider;
  if (mode !== credentials.type) {
    const message = `${integration.provider} connects with ${mode} credentials, not ${credentials.type}`;
    throw fieldError("invalid_body", ["credentials", "type"], message);
  }
  const isAccountNamed = typeof config?.accountId === "string" && config.accountId !== "";
  if (mode === "TBA" && !isAccountNamed)
    throw fieldError(
      "invalid_body",
      ["connection_config", "accountId"],
      "is needed: the account that requests are for",
    );
  return { integration, provider };
};

/** Makes a connection and its syncs, or overrides the credentials of the one that has the name. */
export const importInto =
  (deps: HttpDeps) =>
  async ({ id: environment, scopes }: Environment, body: Import): Promise<z.input<typeof ConnectionInFull>> => {
    const { db, runs } = deps;
    const place = await mustTake(deps, environment, body);
    await checkDestinations(deps, body);
    const { provider_config_key: integration, connection_id: connection = randomUUID() } = body;
    const { credentials, config } = storedForm(body.credentials);
    // A config that is not given stays as it is.
    const isConfigGiven = Object.keys(config).length > 0 || body.connection_config !== undefined;
    await makeConnection(
      { ...runs.auth, runEvent: runs.runEvent },
      {
        ...place,
        environment,
        connection,
        credentials,
        connectionConfig: isConfigGiven ? { ...config, ...body.connection_config } : null,
        metadata: body.metadata ?? null,
        tags: body.tags ?? null,
        generatedTags: body.end_user ? tagsOfEndUser(body.end_user) : null,
        endUser: body.end_user ? storedEndUser(body.end_user) : null,
        webhookUrlOverride: body.webhook_url_override ?? null,
      },
    );
    const made = await getConnection(db, { environment, integration, connection });
    if (made === null) throw new AppError("not_found", "The connection was deleted meanwhile.");
    // A token may have been had for what was brought: of an app, for whichever installation was named.
    const isShown = covers(scopes, "environment:connections:read_credentials");
    const shown = isShown ? await openCredentials(deps)(environment, made) : null;
    return showConnection(made, shown, { showRefreshToken: false });
  };

/** The import of connections, in about eight statements. */
export const connectionImportEndpoints = (deps: HttpDeps): Endpoint[] => {
  const add = importInto(deps);
  return [
    endpoint(
      {
        method: "post",
        path: "/connections",
        tag: "Connections",
        says: "Import a connection",
        more: "A connection of this name gets the new credentials and keeps what is not given. Keys, passwords and NetSuite tokens are tested where the provider's entry says how, and functions on `validate-connection` may refuse it: a new one is then not made. A key without `connections:read_credentials` is shown none.",
        scope: "connections:create",
        body: Body,
        answers: { 201: { says: "The connection, without refresh tokens.", body: ConnectionInFull } },
        errors: ["not_found", "connection_test_failed", "connection_validation_failed"],
      },
      ({ environment, body }) => add(environment, body),
    ),
  ];
};
