// POST /api-auth/api-key/:providerConfigKey and its like: a browser brings credentials that need nobody's consent, with the
// token of its connect session in the query. What differs from kind to kind is a table; the rest is one piece of code.
import { z } from "zod";
import { checkAddresses } from "../../auth/flow/address.ts";
import { saidByBrowser } from "../../auth/flow/config.ts";
import { checkAllowed, defaultsOf, makeInSession } from "../../auth/make-in-session.ts";
import type { ConnectSession } from "../../db/connect-sessions.ts";
import { getIntegration, type Integration } from "../../db/integrations.ts";
import { openTarget } from "../../db/targets.ts";
import { AppError } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ProviderConfigKey } from "../patterns.ts";
import { fieldError } from "../validate.ts";
import { checkFields } from "./fields.ts";
import { BODY_KINDS, type BodyKind, credentialsOf, optionsOf, valuesOf } from "./kinds.ts";
import { ConnectQuery } from "./session-of-query.ts";

const Params = z.object({ providerConfigKey: ProviderConfigKey });

const Connected = z
  .strictObject({ connectionId: z.string(), providerConfigKey: z.string() })
  .meta({ id: "Connected", description: "The connection that was made, or renewed." });

const shared = {
  method: "post",
  tag: "Connect",
  access: "session in query",
  params: Params,
  query: ConnectQuery,
} as const;

const MADE = { 200: { says: "The connection. The session has ended with it.", body: Connected } } as const;

const REFUSALS = [["unknown_provider_config", 404], "invalid_auth_mode", "integration_not_allowed"] as const;

/** The integration of this key and its provider, as far as the session is for it; throws what REFUSALS names. */
const findAllowed = async (
  { db, catalogue }: Pick<HttpDeps, "db" | "catalogue">,
  session: ConnectSession,
  uniqueKey: string,
): Promise<{ integration: Integration; provider: Provider }> => {
  const integration = await getIntegration(db, { environment: session.environment_id, uniqueKey });
  const provider = integration === null ? undefined : catalogue.get(integration.provider);
  if (integration === null || provider === undefined)
    throw new AppError("unknown_provider_config", undefined, { status: 404 });
  checkAllowed(session, uniqueKey);
  return { integration, provider };
};

/** What the connection that a session renews has in its config already, and what the app set. */
const knownConfig = async ({ db }: HttpDeps, session: ConnectSession, uniqueKey: string) => {
  const { environment_id: environment, connection_id: connection } = session;
  const names = { environment, integration: uniqueKey, connection: connection ?? "" };
  const renewed = connection === null ? null : await openTarget(db, names);
  return { ...renewed?.connection_config, ...defaultsOf(session, uniqueKey).connection_config };
};

// A NetSuite account is part of the signature; its entry does not list it.
const accountOf = (mode: Provider["auth_mode"]): NonNullable<Provider["connection_config"]> =>
  mode === "TBA" ? { accountId: { type: "string" } } : {};

const make = (deps: HttpDeps, kind: BodyKind) => {
  const { runs } = deps;
  return async (session: ConnectSession, uniqueKey: string, params: Record<string, string>, body: object) => {
    const { integration, provider } = await findAllowed(deps, session, uniqueKey);
    if (provider.auth_mode !== kind.mode)
      throw new AppError("invalid_auth_mode", `${integration.provider} connects with ${provider.auth_mode}.`);
    const { values, unknown } = valuesOf(kind, body as Record<string, unknown>, provider.credentials);
    if (unknown[0] !== undefined) throw fieldError("invalid_body", [unknown[0]], "is no field of this provider");
    const known = await knownConfig(deps, session, uniqueKey);
    const fields = { ...accountOf(kind.mode), ...provider.connection_config };
    const said = saidByBrowser(provider, params);
    const connectionConfig = checkFields(fields, said, { code: "invalid_query_params", path: ["params"] }, known);
    checkAddresses(provider, { ...known, ...connectionConfig });
    const kept = checkFields(provider.credentials, values, { code: "invalid_body", path: [] });
    const credentials = credentialsOf(kind.mode, kept, optionsOf(kind, body as Record<string, unknown>));
    const made = await makeInSession({ ...runs.auth, runEvent: runs.runEvent }, session, {
      integration,
      provider,
      credentials,
      connectionConfig,
    });
    return { connectionId: made.connectionId, providerConfigKey: made.providerConfigKey };
  };
};

const endpointOf = (deps: HttpDeps, kind: BodyKind): Endpoint => {
  const work = make(deps, kind);
  return endpoint(
    {
      ...shared,
      path: `${kind.path}/:providerConfigKey`,
      says: `Connect with ${kind.says}`,
      ...(kind.body && { body: kind.body }),
      answers: MADE,
      errors: [...REFUSALS, "invalid_connection_config", "connection_test_failed", "connection_validation_failed"],
    },
    ({ caller, params, query, body }) =>
      work(caller.session, params.providerConfigKey, query.params, (body ?? {}) as object),
  );
};

/** All of them; each is about ten statements, and what the provider is asked. */
export const directAuthEndpoints = (deps: HttpDeps): Endpoint[] => [
  ...BODY_KINDS.map((kind) => endpointOf(deps, kind)),
  endpoint(
    {
      ...shared,
      path: "/auth/oauth-outbound/:providerConfigKey",
      says: "Connect an app that is installed from elsewhere",
      more: "Refused: an installation is begun at /oauth/connect, so that whoever comes back is known to be who went.",
      answers: MADE,
      errors: REFUSALS,
    },
    async ({ caller, params }) => {
      await findAllowed(deps, caller.session, params.providerConfigKey);
      throw new AppError("invalid_auth_mode", "Begin the installation at /oauth/connect.");
    },
  ),
];
