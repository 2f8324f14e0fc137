// What new credentials still lack is obtained before they are written down.
import { openIntegrationConfig, openIntegrationCredentials } from "../crypto/integration-credentials.ts";
import type { Integration } from "../db/integrations.ts";
import { openTarget } from "../db/targets.ts";
import { AppError } from "../errors.ts";
import { type Credentials, missingPart } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";
import type { AuthDeps } from "./auth.ts";
import { obtain } from "./obtain.ts";

export type Incomplete = {
  environment: number;
  integration: Integration;
  provider: Provider;
  connection: string;
  credentials: Credentials;
  /** Null for that which the connection has already. */
  connectionConfig: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
};

/** The same with its token, and what came with that in its config. Rejects with `connection_test_failed` when there is none. */
export const complete = async <T extends Incomplete>(deps: AuthDeps, given: T): Promise<T> => {
  const { environment, integration, provider, connection, credentials } = given;
  if (missingPart(credentials) === null) return given;
  const known =
    given.connectionConfig === null || given.metadata === null
      ? await openTarget(deps.pool, { environment, integration: integration.unique_key, connection })
      : null;
  const connectionConfig = given.connectionConfig ?? known?.connection_config ?? {};
  const context = {
    provider,
    credentials,
    client: (await openIntegrationCredentials(deps.keys, environment, integration)) ?? {},
    integrationConfig: await openIntegrationConfig(deps.keys, environment, integration),
    connectionConfig,
    metadata: given.metadata ?? known?.metadata ?? {},
    fetch: deps.fetch,
    now: Date.now,
  };
  const obtained = await obtain(context).catch((cause: unknown) => {
    const says = cause instanceof AppError ? cause.message : "The provider could not be asked for a token.";
    throw new AppError("connection_test_failed", says, { cause });
  });
  const learned = obtained.connectionConfig ?? {};
  const isChanged = Object.keys(learned).length > 0;
  return {
    ...given,
    credentials: obtained.credentials,
    connectionConfig: isChanged ? { ...connectionConfig, ...learned } : given.connectionConfig,
  };
};
