// GET /oauth/callback and /app-auth/connect: an end user comes back from the provider. Nothing of the query is looked at before
// the flow is taken by its state and this browser's cookie together; nothing of it is shown otherwise.
import type { Request, Response } from "express";
import { tagsOfEndUser } from "../../auth/end-user.ts";
import { type Arrival, type CallbackQuery, FlowSecrets } from "../../auth/flow/flow.ts";
import { flowKindOf } from "../../auth/flow/kinds.ts";
import { makeInSession } from "../../auth/make-in-session.ts";
import { openIntegrationConfig, openIntegrationCredentials } from "../../crypto/integration-credentials.ts";
import { oauthFlowPlace } from "../../crypto/places.ts";
import { openJson } from "../../crypto/seal.ts";
import { announceFailedConnection } from "../../db/auth.ts";
import { type ConnectSession, findConnectSession } from "../../db/connect-sessions.ts";
import { isInstallationOfOthers } from "../../db/connections.ts";
import { getIntegration, type Integration } from "../../db/integrations.ts";
import { finishOAuthFlow, type TakenFlow, takeOAuthFlow } from "../../db/oauth-flows.ts";
import { AppError } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import type { HttpDeps } from "../deps.ts";
import { redirectUriOf } from "./connect.ts";
import { type Failure, failureOf } from "./failure.ts";
import { sendPage } from "./page.ts";
import { browserOf, releaseBrowser, sha256 } from "./state.ts";

type Found = { session: ConnectSession; integration: Integration; provider: Provider };

type Outcome = { isPending: boolean; connection: string; provider: Provider };

// A name that stands twice is nobody's: servers differ in which of the two they read.
const textsOf = (query: Request["query"]): CallbackQuery =>
  Object.fromEntries(Object.entries(query).filter((pair): pair is [string, string] => typeof pair[1] === "string"));

/** Takes the flow of this browser and makes its connection; the answer is a page. */
export const createArrival = (deps: HttpDeps) => {
  const { db, keys, catalogue, runs, log } = deps;

  const take = async (req: Request, res: Response, { state }: CallbackQuery) => {
    if (state === undefined) return null;
    const stateHash = sha256(state);
    const redirectUri = redirectUriOf(req, deps);
    const browser = browserOf(req, redirectUri, stateHash);
    if (browser === undefined) return null;
    const flow = await takeOAuthFlow(db, { stateHash, browserHash: sha256(browser) });
    if (flow === null) return null;
    releaseBrowser(res, redirectUri, stateHash);
    const place = oauthFlowPlace(flow.environment_id, stateHash.toString("hex"));
    const key = await keys.ofEnvironment(flow.environment_id);
    return { flow, secrets: FlowSecrets.parse(openJson(key, flow.secrets_sealed, place)) };
  };

  const find = async (flow: TakenFlow): Promise<Found> => {
    const session = await findConnectSession(db, { tokenHash: flow.session_token_hash });
    if (session === null) throw new AppError("unknown_connect_session_token");
    const at = { environment: flow.environment_id, uniqueKey: flow.unique_key };
    const integration = await getIntegration(db, at);
    const provider = integration === null ? undefined : catalogue.get(integration.provider);
    if (integration === null || provider === undefined) throw new AppError("unknown_provider_config");
    return { session, integration, provider };
  };

  const arrive = async (
    flow: TakenFlow,
    { integration, provider }: Found,
    secrets: FlowSecrets,
    query: CallbackQuery,
  ) => {
    const kind = flowKindOf(provider);
    if (kind?.name !== flow.kind) throw new AppError("invalid_oauth_flow", "The integration was changed meanwhile.");
    const client = (await openIntegrationCredentials(keys, flow.environment_id, integration)) ?? {};
    return await kind.finish(
      {
        provider,
        client,
        integrationConfig: await openIntegrationConfig(keys, flow.environment_id, integration),
        redirectUri: flow.redirect_uri,
        fetch: runs.auth.fetch,
        now: Date.now,
        requestedAt: flow.requested_at,
      },
      secrets,
      query,
    );
  };

  // It was made or changed just now, which tells nobody by whom: its customer may have connected it in this very moment.
  const checkIsNobodyElses = async ({ session, integration, provider }: Found, config: Record<string, unknown>) => {
    if (provider.auth_mode !== "APP" || session.connection_id !== null) return;
    const tags = { ...(session.end_user && tagsOfEndUser(session.end_user)), ...session.tags };
    const installation = String(config.installation_id);
    if (await isInstallationOfOthers(db, { integration: integration.id, installation, tags }))
      throw new AppError("invalid_oauth_flow", "The installation is connected for somebody else already.");
  };

  const make = async (found: Found, arrival: Arrival): Promise<Outcome> => {
    const { session, integration, provider } = found;
    if (arrival.isPending) return { isPending: true, connection: session.connection_id ?? "", provider };
    const { credentials, config } = arrival;
    await checkIsNobodyElses(found, config);
    const { connectionId } = await makeInSession({ ...runs.auth, runEvent: runs.runEvent }, session, {
      integration,
      provider,
      credentials,
      connectionConfig: config,
    });
    return { isPending: false, connection: connectionId, provider };
  };

  // The webhook is one more way to hear of it: that it cannot be queued fails nothing.
  const announce = async (flow: TakenFlow, found: Found | undefined, error: Failure): Promise<void> => {
    const session = found?.session;
    await announceFailedConnection(db, {
      environment: flow.environment_id,
      integration: flow.unique_key,
      connection: session?.connection_id ?? null,
      operation: session?.connection_id ? "override" : "creation",
      error: { type: error.type, description: error.says },
      tags: session?.tags ?? {},
      endUser: session?.end_user ?? null,
      authMode: found?.provider.auth_mode,
    }).catch((err) => log.warn({ event: "flow.not_announced", flow: flow.id, err }, "no webhook of a failure"));
  };

  const fail = async (
    flow: TakenFlow,
    found: Found | undefined,
    { error, isAnnounced }: { error: unknown; isAnnounced: boolean },
    req: Request,
    res: Response,
  ): Promise<void> => {
    const failure = failureOf(error, req, log);
    const { type, says, status } = failure;
    log.info({ event: "flow.failed", flow: flow.id, integration: flow.unique_key, type }, "a connection was not made");
    runs.logs.write({
      environment_id: flow.environment_id,
      kind: "change",
      level: "warn",
      message: `Nobody was connected to ${flow.unique_key}: ${says}`,
      detail: { type },
    });
    await finishOAuthFlow(db, { id: flow.id, connection: null, isPending: false, errorType: type, errorDesc: says });
    if (!isAnnounced) await announce(flow, found, failure);
    sendPage(res, status, { title: "Not connected", says: `${says} Close this window and try again.`, code: type });
  };

  return async (req: Request, res: Response): Promise<undefined> => {
    const query = textsOf(req.query);
    const taken = await take(req, res, query);
    if (taken === null) {
      const says =
        "This window's sign-in expired, was finished already, or was begun in another browser. Close this window and begin again.";
      sendPage(res, 400, { title: "This sign-in cannot be finished", says, code: "invalid_oauth_flow" });
      return undefined;
    }
    const { flow, secrets } = taken;
    let found: Found | undefined;
    let isAnnounced = false;
    try {
      found = await find(flow);
      const arrival = await arrive(flow, found, secrets, query);
      isAnnounced = true; // what fails from here on makeInSession tells the app
      const { isPending, connection, provider } = await make(found, arrival);
      await finishOAuthFlow(db, { id: flow.id, connection, isPending, errorType: null, errorDesc: null });
      const says = isPending
        ? `${provider.display_name} waits for somebody there to agree. Connect again once that is done.`
        : `${provider.display_name} is connected. This window closes by itself.`;
      sendPage(res, 200, { title: isPending ? "Almost connected" : "Connected", says, closes: !isPending });
    } catch (error) {
      await fail(flow, found, { error, isAnnounced }, req, res);
    }
    return undefined;
  };
};
