// The REST API as an Express app: a list of endpoints. Of two that fit a path the first answers.
import express, { type Express } from "express";
import { createCallerCheck, type FindSession } from "./access/auth.ts";
import { actionEndpoints } from "./actions/actions.ts";
import { installMcpMethods, mcpEndpoints } from "./actions/mcp.ts";
import { auditEndpoints } from "./audit.ts";
import { directAuthEndpoints } from "./connect/direct-auth.ts";
import { installConnectPage } from "./connect/page.ts";
import { connectionEndpoints } from "./connections/connection.ts";
import { connectionMetadataEndpoints } from "./connections/connection-metadata.ts";
import { connectionsEndpoints } from "./connections/connections.ts";
import { connectionExportEndpoints } from "./connections/export.ts";
import { connectionImportEndpoints } from "./connections/import-connection.ts";
import { legacyConnectionEndpoints } from "./connections/legacy-connection.ts";
import { installCors } from "./cors.ts";
import type { HttpDeps } from "./deps.ts";
import { descriptionEndpoints } from "./docs/description.ts";
import type { Endpoint } from "./endpoint.ts";
import { apiKeyEndpoints } from "./environments/api-keys.ts";
import { ownSessionEndpoints } from "./environments/connect-session.ts";
import { connectSessionEndpoints } from "./environments/connect-sessions.ts";
import { connectUiEndpoints } from "./environments/connect-ui.ts";
import { environmentEndpoints } from "./environments/environment.ts";
import { environmentVariableEndpoints } from "./environments/environment-variables.ts";
import { environmentsEndpoints } from "./environments/environments.ts";
import { signingKeyEndpoints } from "./environments/signing-key.ts";
import { installErrors } from "./errors.ts";
import { eventEndpoints } from "./events/events.ts";
import { eventJudgeEndpoints } from "./events/judge.ts";
import { eventReplayEndpoints } from "./events/replay.ts";
import { installExplorer } from "./explorer.ts";
import { deployEndpoints } from "./functions/deploy.ts";
import { dryRunEndpoints } from "./functions/dryrun.ts";
import { functionBundleEndpoints } from "./functions/function-bundles.ts";
import { functionCompileEndpoints } from "./functions/function-compile.ts";
import { functionDeploymentEndpoints } from "./functions/function-deployments.ts";
import { functionDryRunEndpoints } from "./functions/function-dryruns.ts";
import { functionInvocationEndpoints } from "./functions/function-invocations.ts";
import { integrationFunctionEndpoints } from "./functions/integration-functions.ts";
import { cliEndpoints } from "./functions/published-cli.ts";
import { scriptsConfigEndpoints } from "./functions/scripts-config.ts";
import { syncDeployEndpoints } from "./functions/sync-deploy.ts";
import { installGraphql } from "./graphql.ts";
import { healthEndpoints } from "./health.ts";
import { integrationEndpoints } from "./integrations/integration.ts";
import { integrationsEndpoints } from "./integrations/integrations.ts";
import { installLogos } from "./integrations/logo.ts";
import { providerEndpoints } from "./integrations/providers.ts";
import { logEndpoints } from "./logs.ts";
import { oauthEndpoints } from "./oauth/oauth.ts";
import { installFlowSockets } from "./oauth/sockets.ts";
import { proxyEndpoints } from "./proxy/proxy.ts";
import { parseQuery } from "./query.ts";
import { serveEndpoints } from "./serve.ts";
import { recordEndpoints } from "./syncs/records.ts";
import { syncVariantEndpoints } from "./syncs/sync-variants.ts";
import { syncEndpoints } from "./syncs/syncs.ts";
import { undoEndpoints } from "./syncs/undo.ts";
import { webhookEndpointEndpoints } from "./webhooks/endpoints.ts";
import { webhookTestEndpoints } from "./webhooks/test.ts";
import { webhooksEndpoints } from "./webhooks/webhooks.ts";
import { webhookInEndpoints } from "./webhooks-in/webhooks-in.ts";

const allEndpoints = (deps: HttpDeps, forgetKeys: () => void, findSession: FindSession): Endpoint[] => [
  ...healthEndpoints(deps),
  ...webhookInEndpoints(deps),
  ...recordEndpoints(deps),
  ...syncEndpoints(deps),
  ...syncVariantEndpoints(deps),
  ...undoEndpoints(deps),
  ...actionEndpoints(deps),
  ...mcpEndpoints(deps),
  ...connectionMetadataEndpoints(deps),
  ...connectionsEndpoints(deps),
  ...connectionImportEndpoints(deps),
  ...connectionExportEndpoints(deps),
  ...legacyConnectionEndpoints(deps),
  ...connectionEndpoints(deps),
  ...integrationsEndpoints(deps),
  ...integrationEndpoints(deps),
  ...integrationFunctionEndpoints(deps),
  ...scriptsConfigEndpoints(deps),
  ...functionCompileEndpoints(),
  ...functionDeploymentEndpoints(deps),
  ...functionDryRunEndpoints(deps),
  ...functionInvocationEndpoints(),
  ...providerEndpoints(deps),
  ...proxyEndpoints(deps),
  ...deployEndpoints(deps),
  ...dryRunEndpoints(deps),
  ...syncDeployEndpoints(deps),
  ...functionBundleEndpoints(),
  ...cliEndpoints(),
  ...eventEndpoints(deps),
  ...eventReplayEndpoints(deps),
  ...eventJudgeEndpoints(deps),
  ...logEndpoints(deps),
  ...auditEndpoints(deps),
  ...webhookTestEndpoints(deps),
  ...webhookEndpointEndpoints(deps),
  ...webhooksEndpoints(deps),
  ...environmentEndpoints(deps),
  ...connectUiEndpoints(deps),
  ...signingKeyEndpoints(deps),
  ...environmentVariableEndpoints(deps),
  ...apiKeyEndpoints(deps, forgetKeys),
  ...environmentsEndpoints(deps, forgetKeys),
  ...connectSessionEndpoints(deps),
  ...ownSessionEndpoints(deps),
  ...oauthEndpoints(deps, findSession),
  ...directAuthEndpoints(deps),
];

/** The app; the caller listens. It keeps no state but a short memory of API keys. */
export const createApp = (deps: HttpDeps): Express => {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag"); // hashing each page of records costs more than it saves
  app.set("query parser", parseQuery);
  app.set("trust proxy", deps.access?.trustedProxies ?? 0);
  installCors(app, deps);
  const { check, findSession, forget } = createCallerCheck(deps);
  const endpoints = allEndpoints(deps, forget, findSession);
  endpoints.push(...descriptionEndpoints(() => endpoints));
  serveEndpoints(app, endpoints, check);
  installMcpMethods(app, deps);
  installGraphql(app, deps, check);
  installFlowSockets(app, deps.flowSockets);
  installConnectPage(app, deps.access);
  installLogos(app, deps);
  if (deps.explorer) installExplorer(app);
  installErrors(app, deps);
  return app;
};
