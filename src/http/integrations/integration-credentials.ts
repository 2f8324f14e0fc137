// The client credentials of an integration: what the API takes, and what it shows again on request.
import { createPrivateKey } from "node:crypto";
import { z } from "zod";

const secret = z.string().min(1).max(10_000);

const isRsaKey = (pem: string): boolean => {
  try {
    return createPrivateKey({ key: pem, format: "pem" }).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
};

const client = {
  client_id: secret,
  client_secret: secret,
  scopes: z.string().max(10_000).optional().meta({ description: "Separated by commas." }),
  webhook_secret: secret.optional().meta({ description: "What the provider signs its webhooks with." }),
};

const app = {
  app_id: z.string().min(1).max(255),
  app_link: z.url().max(2_000),
  private_key: secret
    .refine(isRsaKey, "must be an RSA private key in PEM form")
    .meta({ description: "An RSA private key in PEM form." }),
};

const ClientMode = z.enum(["OAUTH1", "OAUTH2", "TBA"]);

/** What an integration's provider was given to know the app by; which it takes follows from its `auth_mode`. */
export const IntegrationCredentials = z
  .discriminatedUnion("type", [
    z.strictObject({ type: ClientMode, ...client }),
    z.strictObject({ type: z.literal("APP"), ...app }),
    z.strictObject({ type: z.literal("CUSTOM"), ...client, ...app }),
  ])
  .meta({ id: "IntegrationCredentials" });

export type IntegrationCredentials = z.infer<typeof IntegrationCredentials>;

const text = z.string().nullable();

export const ShownCredentials = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: ClientMode,
      client_id: text,
      client_secret: text,
      scopes: text,
      webhook_secret: text,
    }),
    z.strictObject({ type: z.literal("APP"), app_id: text, private_key: text, app_link: text }),
    z.strictObject({
      type: z.literal("CUSTOM"),
      client_id: text,
      client_secret: text,
      app_id: text,
      private_key: text,
      app_link: text,
    }),
  ])
  .meta({ id: "ShownIntegrationCredentials" });

export type ShownCredentials = z.infer<typeof ShownCredentials>;
