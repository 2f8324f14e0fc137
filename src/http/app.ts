// The REST API as an Express app: a list of endpoints. Of two that fit a path the first answers.
import express, { type Express } from "express";
import { actionEndpoints } from "./actions.ts";
import { apiKeyEndpoints } from "./api-keys.ts";
import { createCallerCheck } from "./auth.ts";
import { ownSessionEndpoints } from "./connect-session.ts";
import { connectSessionEndpoints } from "./connect-sessions.ts";
import { connectionEndpoints } from "./connection.ts";
import { connectionMetadataEndpoints } from "./connection-metadata.ts";
import { connectionsEndpoints } from "./connections.ts";
import { installCors } from "./cors.ts";
import { deployEndpoints } from "./deploy.ts";
import type { HttpDeps } from "./deps.ts";
import { descriptionEndpoints } from "./description.ts";
import { dryRunEndpoints } from "./dryrun.ts";
import type { Endpoint } from "./endpoint.ts";
import { environmentEndpoints } from "./environment.ts";
import { environmentVariableEndpoints } from "./environment-variables.ts";
import { environmentsEndpoints } from "./environments.ts";
import { installErrors } from "./errors.ts";
import { functionBundleEndpoints } from "./function-bundles.ts";
import { functionCompileEndpoints } from "./function-compile.ts";
import { functionDeploymentEndpoints } from "./function-deployments.ts";
import { functionDryRunEndpoints } from "./function-dryruns.ts";
import { functionInvocationEndpoints } from "./function-invocations.ts";
import { healthEndpoints } from "./health.ts";
import { connectionImportEndpoints } from "./import-connection.ts";
import { integrationEndpoints } from "./integration.ts";
import { integrationFunctionEndpoints } from "./integration-functions.ts";
import { integrationsEndpoints } from "./integrations.ts";
import { legacyConnectionEndpoints } from "./legacy-connection.ts";
import { logEndpoints } from "./logs.ts";
import { installMcpMethods, mcpEndpoints } from "./mcp.ts";
import { providerEndpoints } from "./providers.ts";
import { proxyEndpoints } from "./proxy.ts";
import { cliEndpoints } from "./published-cli.ts";
import { parseQuery } from "./query.ts";
import { recordEndpoints } from "./records.ts";
import { scriptsConfigEndpoints } from "./scripts-config.ts";
import { serveEndpoints } from "./serve.ts";
import { signingKeyEndpoints } from "./signing-key.ts";
import { syncDeployEndpoints } from "./sync-deploy.ts";
import { syncVariantEndpoints } from "./sync-variants.ts";
import { syncEndpoints } from "./syncs.ts";

const allEndpoints = (deps: HttpDeps, forgetKeys: () => void): Endpoint[] => [
  ...healthEndpoints(deps),
  ...recordEndpoints(deps),
  ...syncEndpoints(deps),
  ...syncVariantEndpoints(deps),
  ...actionEndpoints(deps),
  ...mcpEndpoints(deps),
  ...connectionMetadataEndpoints(deps),
  ...connectionsEndpoints(deps),
  ...connectionImportEndpoints(deps),
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
  ...logEndpoints(deps),
  ...environmentEndpoints(deps),
  ...signingKeyEndpoints(deps),
  ...environmentVariableEndpoints(deps),
  ...apiKeyEndpoints(deps, forgetKeys),
  ...environmentsEndpoints(deps, forgetKeys),
  ...connectSessionEndpoints(deps),
  ...ownSessionEndpoints(deps),
];

/** The app; the caller listens. It keeps no state but a short memory of API keys. */
export const createApp = (deps: HttpDeps): Express => {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag"); // hashing each page of records costs more than it saves
  app.set("query parser", parseQuery);
  app.set("trust proxy", deps.access?.trustedProxies ?? 0);
  installCors(app, deps);
  const { check, forget } = createCallerCheck(deps);
  const endpoints = allEndpoints(deps, forget);
  endpoints.push(...descriptionEndpoints(() => endpoints));
  serveEndpoints(app, endpoints, check);
  installMcpMethods(app, deps);
  installErrors(app, deps);
  return app;
};
