// A connection whose credentials may not be written down yet.

import type { Integration } from "../db/integrations.ts";
import { openTarget } from "../db/targets.ts";
import type { Credentials } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";
import type { AuthDeps } from "./auth.ts";

export type Unwritten = {
  environment: number;
  integration: Integration;
  provider: Provider;
  /** Its id in the app's words. */
  connection: string;
  credentials: Credentials;
  /** Null for that which the connection has already. */
  connectionConfig: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
};

/** What it is used with: what is given, else what the connection has already, else nothing. */
export const surroundings = async (
  { pool }: Pick<AuthDeps, "pool">,
  { environment, integration, connection, connectionConfig, metadata }: Unwritten,
): Promise<{ connectionConfig: Record<string, unknown>; metadata: Record<string, unknown> }> => {
  const isWhole = connectionConfig !== null && metadata !== null;
  const known = isWhole
    ? null
    : await openTarget(pool, { environment, integration: integration.unique_key, connection });
  return {
    connectionConfig: connectionConfig ?? known?.connection_config ?? {},
    metadata: metadata ?? known?.metadata ?? {},
  };
};
