// The client credentials of an integration: what the API takes, keeps sealed, and shows again on request.
import { z } from "zod";
import {
  openIntegrationCredentials,
  sealIntegrationCredentials,
  showIntegrationCredentials,
} from "../crypto/integration-credentials.ts";
import type { Integration } from "../db/integrations.ts";
import type { Json } from "../errors.ts";
import type { HttpDeps } from "./deps.ts";

const secret = z.string().min(1).max(10_000);
const client = {
  client_id: secret,
  client_secret: secret,
  scopes: z.string().optional(),
  webhook_secret: secret.optional(),
};
const app = { app_id: z.string().min(1).max(255), app_link: z.url(), private_key: secret };

export const IntegrationCredentials = z.discriminatedUnion("type", [
  z.strictObject({ type: z.enum(["OAUTH1", "OAUTH2", "TBA"]), ...client }),
  z.strictObject({ type: z.literal("APP"), ...app }),
  z.strictObject({ type: z.literal("CUSTOM"), ...client, ...app }),
]);

export type IntegrationCredentials = z.infer<typeof IntegrationCredentials>;

/** Sealing and opening, with the environment's key. */
export const integrationCredentials = ({ keys }: Pick<HttpDeps, "keys">) => ({
  open: (environment: number, integration: Integration) => openIntegrationCredentials(keys, environment, integration),
  seal: (environment: number, uniqueKey: string, credentials: Record<string, Json>): Promise<Buffer> =>
    sealIntegrationCredentials(keys, environment, { uniqueKey, credentials }),
  show: (environment: number, integration: Integration) => showIntegrationCredentials(keys, environment, integration),
});
