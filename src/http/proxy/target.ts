// The connection that a request to /proxy is made for.

import { rememberOpened } from "../../auth/remember.ts";
import { openConnectionOf, targetOf } from "../../auth/target.ts";
import type { Environment } from "../../db/api-keys.ts";
import { getIntegration } from "../../db/integrations.ts";
import { AppError } from "../../errors.ts";
import type { GetTarget, ProxyTarget } from "../../outbound/types.ts";
import type { HttpDeps } from "../deps.ts";
import type { ProxyHeaders } from "./request.ts";

export type Asked = { environment: Environment; headers: ProxyHeaders };

/**
 * Reads the connection once for the request and then at most once a minute of it: one statement. It is not kept for other
 * requests, so a connection that is deleted or gets other credentials is so at once. `onLoaded` hears of each that was read.
 */
export const createGetTarget = (
  { db, catalogue, runs }: HttpDeps,
  { environment: { id: environment }, headers }: Asked,
  onLoaded: (target: ProxyTarget) => void,
): GetTarget => {
  const { "provider-config-key": integration, "connection-id": connection } = headers;

  const { read } = rememberOpened(async (how) => {
    const found = await openConnectionOf(runs.auth, { environment, integration, connection }, how);
    if (found === null) {
      const hasIntegration = (await getIntegration(db, { environment, uniqueKey: integration })) !== null;
      if (!hasIntegration) throw new AppError("unknown_provider_config", undefined, { status: 404 });
      throw new AppError("server_error", "There is no such connection.", { status: 400 });
    }
    const target = targetOf(catalogue, found.opened, found.integration);
    onLoaded(target);
    return { ...found, target };
  });

  return async (asked) => (await read(asked)).target;
};
