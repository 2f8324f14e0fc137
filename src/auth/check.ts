// The daily look at a connection that nobody uses: renewed before its refresh token ends of disuse, or tested, so that a
// customer who took access away is noticed by the next day and not by the next sync.
import { randomUUID } from "node:crypto";
import { claimRenewal, failRenewal, giveBackRenewal, keepCredentials, postponeAuthCheck } from "../db/auth.ts";
import { getIntegration } from "../db/integrations.ts";
import { hasCode } from "../errors.ts";
import { isRenewable, missingPart } from "../providers/credentials.ts";
import type { FreshAuthDeps } from "./auth.ts";
import { isRenewalFailure } from "./renew.ts";
import { type OpenedConnection, openConnection } from "./target.ts";
import { isTestable, testCredentials } from "./test-credentials.ts";

type Deps = FreshAuthDeps & { worker: string };

const test = async (deps: Deps, { connection, credentials }: OpenedConnection): Promise<void> => {
  const { pool, catalogue } = deps;
  const { id, environment_id: environment, provider_config_key: uniqueKey, auth_version: seen } = connection;
  const provider = catalogue.get(connection.provider);
  const integration = await getIntegration(pool, { environment, uniqueKey });
  if (provider === undefined || integration === null || !isTestable(provider, credentials))
    return await postponeAuthCheck(pool, { connection: id });
  const holder = `${deps.worker} ${randomUUID()}`;
  const { verdict, token } = await claimRenewal(pool, { connection: id, seen, isForced: false, holder });
  if (verdict !== "granted" || token === null) return;
  const { connection_id: name, connection_config: connectionConfig, metadata } = connection;
  const tested = { environment, integration, connection: name, provider, credentials, connectionConfig, metadata };
  try {
    await testCredentials(deps, tested);
    await keepCredentials(pool, { connection: id, token });
  } catch (error) {
    if (!hasCode(error, "connection_test_failed")) {
      await giveBackRenewal(pool, { connection: id, token }).catch(() => {});
      throw error;
    }
    const refused = { type: error.code, description: error.message };
    await failRenewal(pool, { connection: id, token, error: refused, isFinal: false });
  }
};

/**
 * Renew or test the credentials of a connection, whichever its kind allows; how that went is written down with them. Rejects
 * only for what is neither the provider's nor the credentials' doing.
 */
export const checkCredentials = async (deps: Deps, id: number): Promise<void> => {
  try {
    const opened = await openConnection({ pool: deps.pool, keys: deps.keys, catalogue: deps.catalogue }, id);
    const { connection, credentials } = opened;
    if (!isRenewable(credentials)) return await test(deps, opened);
    const hasEnd = connection.ends_in_ms !== null || missingPart(credentials) !== null;
    if (hasEnd) await deps.renewals.renew(id, { seen: connection.auth_version });
    else await postponeAuthCheck(deps.pool, { connection: id });
  } catch (error) {
    if (!isRenewalFailure(error) && !hasCode(error, "unknown_connection") && !hasCode(error, "invalid_credentials"))
      throw error;
  }
};
