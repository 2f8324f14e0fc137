// GET /oauth/connect/:providerConfigKey: an end user leaves for the provider, in a popup of the app's page.
import type { Request, Response } from "express";
import { startingConfig } from "../../auth/flow/config.ts";
import type { FlowKind, FlowSecrets } from "../../auth/flow/flow.ts";
import { flowKindOf } from "../../auth/flow/kinds.ts";
import { checkAllowed, defaultsOf } from "../../auth/make-in-session.ts";
import { openIntegrationConfig, openIntegrationCredentials } from "../../crypto/integration-credentials.ts";
import { oauthFlowPlace } from "../../crypto/places.ts";
import { sealJson } from "../../crypto/seal.ts";
import type { ConnectSession } from "../../db/connect-sessions.ts";
import { getIntegration, type Integration } from "../../db/integrations.ts";
import { beginOAuthFlow, tellOAuthClient } from "../../db/oauth-flows.ts";
import { openTarget } from "../../db/targets.ts";
import { AppError, type Json } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import type { FindSession } from "../access/auth.ts";
import { baseUrl } from "../base-url.ts";
import { ConnectQuery } from "../connect/session-of-query.ts";
import type { HttpDeps } from "../deps.ts";
import { ProviderConfigKey } from "../patterns.ts";
import { readQuery } from "../validate.ts";
import { failureOf } from "./failure.ts";
import { guard, sendPage } from "./page.ts";
import { bindBrowser, newSecret, sha256 } from "./state.ts";

type Target = { integration: Integration; provider: Provider; kind: FlowKind };

/** Where providers send people back to; the same text at the exchange. */
export const redirectUriOf = (req: Request, { access }: Pick<HttpDeps, "access">): string =>
  `${baseUrl(req, access?.publicUrl)}/oauth/callback`;

const mustFind = async ({ db, catalogue }: HttpDeps, session: ConnectSession, key: string): Promise<Target> => {
  const uniqueKey = ProviderConfigKey.safeParse(key).data;
  if (uniqueKey === undefined) throw new AppError("unknown_provider_config");
  checkAllowed(session, uniqueKey);
  const integration = await getIntegration(db, { environment: session.environment_id, uniqueKey });
  const provider = integration === null ? undefined : catalogue.get(integration.provider);
  if (integration === null || provider === undefined) throw new AppError("unknown_provider_config");
  const kind = flowKindOf(provider);
  if (kind === undefined)
    throw new AppError("invalid_auth_mode", `${provider.display_name} is connected with other credentials.`);
  return { integration, provider, kind };
};

const overrideOf = (query: ConnectQuery): Pick<FlowSecrets, "override" | "refreshToken"> => {
  const {
    oauth_client_id_override: client_id,
    oauth_client_secret_override: client_secret,
    ...rest
  } = query.credentials ?? {};
  const refreshToken = rest.oauth_refresh_token_override;
  return {
    ...(client_id && { override: { client_id, ...(client_secret && { client_secret }) } }),
    ...(refreshToken && { refreshToken }),
  };
};

/** Sends the end user off; whatever goes wrong is a page, and a message to the WebSocket that waits. */
export const createDeparture = (deps: HttpDeps, findSession: FindSession) => {
  const { db, keys, runs, log } = deps;

  const knownConfig = async (session: ConnectSession, integration: string) => {
    const { connection_id: connection, environment_id: environment } = session;
    const known = connection === null ? null : await openTarget(db, { environment, integration, connection });
    return known?.connection_config;
  };

  const depart = async (key: string, req: Request, res: Response): Promise<string> => {
    const { session, environment } = await findSession(req, res);
    const query = readQuery(req, ConnectQuery);
    const { integration, provider, kind } = await mustFind(deps, session, key);
    const defaults = defaultsOf(session, integration.unique_key);
    const config = startingConfig(provider, {
      known: await knownConfig(session, integration.unique_key),
      params: query.params,
      set: defaults.connection_config,
    });
    const redirectUri = redirectUriOf(req, deps);
    const state = newSecret();
    const { refreshToken, override } = overrideOf(query);
    const { url, keep } = await kind.begin(
      {
        provider,
        client: (await openIntegrationCredentials(keys, environment.id, integration)) ?? {},
        integrationConfig: await openIntegrationConfig(keys, environment.id, integration),
        redirectUri,
        fetch: runs.auth.fetch,
        now: Date.now,
      },
      {
        state,
        config,
        override,
        userScopes: defaults.user_scopes?.split(",") ?? query.user_scope ?? [],
        authorizationParams: { ...query.authorization_params, ...defaults.authorization_params },
        clientMetadataUrl: `${baseUrl(req, deps.access?.publicUrl)}/oauth/client-metadata/${environment.uid}/${encodeURIComponent(integration.unique_key)}`,
      },
    );
    const secrets: FlowSecrets = {
      config,
      ...(override && { override }),
      ...(refreshToken && { refreshToken }),
      ...keep,
    };
    const stateHash = sha256(state);
    const place = oauthFlowPlace(environment.id, stateHash.toString("hex"));
    await beginOAuthFlow(db, {
      environment: environment.id,
      integration: integration.id,
      session: session.id,
      kind: kind.name,
      stateHash,
      browserHash: sha256(bindBrowser(res, redirectUri, stateHash)),
      wsClientHash: query.ws_client_id === undefined ? null : sha256(query.ws_client_id),
      redirectUri,
      secretsSealed: sealJson(await keys.ofEnvironment(environment.id), secrets as unknown as Json, place),
    });
    return url;
  };

  return async (key: string, req: Request, res: Response): Promise<undefined> => {
    try {
      const url = await depart(key, req, res);
      guard(res).status(302).set("Location", url).end();
    } catch (error) {
      const { type, says, status } = failureOf(error, req, log);
      const { ws_client_id: client } = req.query;
      if (typeof client === "string")
        await tellOAuthClient(db, { wsClientHash: sha256(client), errorType: type, errorDesc: says }).catch((err) =>
          log.warn({ event: "flow.not_told", err }, "a failure is on the page only"),
        );
      sendPage(res, status, { title: "This account cannot be connected", says, code: type });
    }
    return undefined;
  };
};
