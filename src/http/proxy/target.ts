// The connection that a request to /proxy is made for.

import { openConnectionOf, targetOf } from "../../auth/target.ts";
import type { Environment } from "../../db/api-keys.ts";
import { getIntegration } from "../../db/integrations.ts";
import { AppError } from "../../errors.ts";
import type { GetTarget, ProxyTarget } from "../../outbound/types.ts";
import type { HttpDeps } from "../deps.ts";
import type { ProxyHeaders } from "./request.ts";

const REMEMBERED_MS = 60_000;

export type Asked = { environment: Environment; headers: ProxyHeaders };

/**
 * Reads the connection once for the request and then at most once a minute of it: one statement. It is not kept for other
 * requests, so a connection that is deleted or gets other credentials is so at once. `onLoaded` hears of each that was read.
 */
export const createGetTarget = (
  { db, keys, catalogue }: HttpDeps,
  { environment: { id: environment }, headers }: Asked,
  onLoaded: (target: ProxyTarget) => void,
): GetTarget => {
  const { "provider-config-key": integration, "connection-id": connection } = headers;
  let known: { at: number; loading: Promise<ProxyTarget> } | undefined;

  const load = async (): Promise<ProxyTarget> => {
    const found = await openConnectionOf({ pool: db, keys }, { environment, integration, connection });
    if (found === null) {
      const hasIntegration = (await getIntegration(db, { environment, uniqueKey: integration })) !== null;
      if (!hasIntegration) throw new AppError("unknown_provider_config", undefined, { status: 404 });
      throw new AppError("server_error", "There is no such connection.", { status: 400 });
    }
    const target = targetOf(catalogue, found.opened, found.integration);
    onLoaded(target);
    return target;
  };

  return ({ refresh }) => {
    if (known === undefined || refresh || Date.now() - known.at > REMEMBERED_MS)
      known = { at: Date.now(), loading: load() };
    return known.loading;
  };
};
