// What new credentials still lack is obtained before they are written down.
import { openIntegrationConfig, openIntegrationCredentials } from "../crypto/integration-credentials.ts";
import { AppError } from "../errors.ts";
import { missingPart } from "../providers/credentials.ts";
import type { AuthDeps } from "./auth.ts";
import { obtain } from "./obtain.ts";
import { surroundings, type Unwritten } from "./unwritten.ts";

/** The same with its token, and what came with that in its config. Rejects with `connection_test_failed` when there is none. */
export const complete = async <T extends Unwritten>(deps: AuthDeps, given: T): Promise<T> => {
  const { environment, integration, provider, credentials } = given;
  if (missingPart(credentials) === null) return given;
  const { connectionConfig, metadata } = await surroundings(deps, given);
  const context = {
    provider,
    credentials,
    client: (await openIntegrationCredentials(deps.keys, environment, integration)) ?? {},
    integrationConfig: await openIntegrationConfig(deps.keys, environment, integration),
    connectionConfig,
    metadata,
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
