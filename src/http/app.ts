// The REST API as an Express app: each line adds one resource; order matters only up to the key check.
import express, { type Express } from "express";
import { installAuth } from "./auth.ts";
import { installBody } from "./body.ts";
import { installConnectionMetadata } from "./connection-metadata.ts";
import { installConnections } from "./connections.ts";
import { installCors } from "./cors.ts";
import { installDeploy } from "./deploy.ts";
import type { HttpDeps } from "./deps.ts";
import { installDryRun } from "./dryrun.ts";
import { installEnvironment } from "./environment.ts";
import { installErrors } from "./errors.ts";
import { installHealth } from "./health.ts";
import { installConnectionImport } from "./import-connection.ts";
import { installIntegrations } from "./integrations.ts";
import { installLogs } from "./logs.ts";
import { installProviders } from "./providers.ts";
import { parseQuery } from "./query.ts";
import { installRecords } from "./records.ts";
import { installSyncVariants } from "./sync-variants.ts";
import { installSyncs } from "./syncs.ts";

/** The app; the caller listens. It keeps no state but a short memory of API keys. */
export const createApp = (deps: HttpDeps): Express => {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag"); // hashing each page of records costs more than it saves
  app.set("query parser", parseQuery);
  installCors(app, deps);
  installHealth(app, deps);
  installAuth(app, deps);
  installBody(app, deps);
  installRecords(app, deps);
  installSyncs(app, deps);
  installSyncVariants(app, deps);
  installConnectionMetadata(app, deps);
  installConnectionImport(app, deps);
  installConnections(app, deps);
  installIntegrations(app, deps);
  installProviders(app, deps);
  installDeploy(app, deps);
  installDryRun(app, deps);
  installLogs(app, deps);
  installEnvironment(app, deps);
  installErrors(app, deps);
  return app;
};
