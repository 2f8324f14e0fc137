// GET, PATCH, DELETE /integrations/:uniqueKey.
import { isDeepStrictEqual } from "node:util";
import type { Request } from "express";
import { z } from "zod";
import {
  openIntegrationConfig,
  openIntegrationCredentials,
  openWebhookSecret,
  sealIntegrationConfig,
  sealIntegrationCredentials,
  sealWebhookSecret,
  showIntegrationCredentials,
} from "../../crypto/integration-credentials.ts";
import { writeAudit } from "../../db/audit.ts";
import { deleteIntegration, type Integration, updateIntegration } from "../../db/integrations.ts";
import { inTransaction } from "../../db/tx.ts";
import { webhookUrl } from "../../providers/webhook/url.ts";
import { requireScope } from "../access/caller.ts";
import { baseUrl } from "../base-url.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ProviderConfigKey } from "../patterns.ts";
import { SUCCESS, Success } from "../success.ts";
import { translating } from "../validate.ts";
import type { ShownCredentials } from "./integration-credentials.ts";
import {
  checkKind,
  IntegrationParams,
  mustFind,
  OneIntegration,
  REFUSALS,
  settable,
  showIntegration,
  splitCustom,
} from "./integration-shape.ts";

const PatchBody = z.strictObject({ unique_key: ProviderConfigKey.optional(), ...settable });

const oneOrMore = (value: unknown) => (typeof value === "string" ? [value] : value);
const Include = z.preprocess(oneOrMore, z.array(z.enum(["webhook", "credentials"])).max(10));

const GetQuery = z.strictObject({
  include: Include.default([]).meta({ description: "What is left out otherwise; the parameter may be repeated." }),
});

const shared = { path: "/integrations/:uniqueKey", tag: "Integrations", params: IntegrationParams } as const;

/** One integration. Reading it is one statement, and one more for credentials whose key is not at hand. */
export const integrationEndpoints = ({ db, keys, catalogue, access }: HttpDeps): Endpoint[] => {
  const webhookUrlOf = (req: Request, { provider, environment_uid, unique_key }: Integration): string | null =>
    webhookUrl(catalogue.get(provider), {
      base: baseUrl(req, access?.publicUrl),
      environmentUid: environment_uid,
      uniqueKey: unique_key,
    });

  // Null: as it was. Empty: none from now on.
  const sealNewSecret = async (
    environment: number,
    uniqueKey: string,
    secret: string | null,
  ): Promise<Buffer | null> => {
    if (secret === null) return null;
    return secret === "" ? Buffer.alloc(0) : await sealWebhookSecret(keys, environment, { uniqueKey, secret });
  };

  // Null: as it was, and sealed for the key that stays.
  const sealNewConfig = async (
    environment: number,
    found: Integration,
    { newKey, given }: { newKey: string; given: Record<string, string> | undefined },
  ): Promise<Buffer | null> => {
    const isRenamed = newKey !== found.unique_key;
    if (given === undefined && !isRenamed) return null;
    const kept = await openIntegrationConfig(keys, environment, found);
    const config = given ?? kept;
    const stays = isRenamed ? Object.keys(config).length === 0 && given === undefined : isDeepStrictEqual(config, kept);
    return stays ? null : await sealIntegrationConfig(keys, environment, { uniqueKey: newKey, config });
  };

  return [
    endpoint(
      {
        ...shared,
        method: "get",
        audited: true,
        says: "One integration",
        more: "Its credentials are shown to keys with the scope environment:integrations:read_credentials.",
        client: "getIntegration",
        scope: "integrations:read",
        query: GetQuery,
        answers: { 200: { says: "The integration.", body: OneIntegration } },
        errors: ["not_found"],
      },
      async ({ environment: { id: environment }, params: { uniqueKey }, query: { include }, req, res }) => {
        const withCredentials = include.includes("credentials");
        if (withCredentials) requireScope(res, "integrations:read_credentials");
        const found = await mustFind(db, environment, uniqueKey);
        const credentials = withCredentials && (await showIntegrationCredentials(keys, environment, found));
        if (credentials) {
          const subject = { subjectKind: "integration", subjectId: String(found.id), subjectName: uniqueKey };
          await writeAudit(db, { environment, action: "integration.credentials_read", ...subject });
        }
        return {
          data: {
            ...showIntegration(req, found),
            ...(include.includes("webhook") && { webhook_url: webhookUrlOf(req, found) }),
            ...(credentials !== false && { credentials: credentials as ShownCredentials | null }),
          },
        };
      },
    ),
    endpoint(
      {
        ...shared,
        method: "patch",
        says: "Change an integration",
        more: "What is not given stays. Its unique key can change as long as there is no connection.",
        client: "updateIntegration",
        scope: "integrations:update",
        body: PatchBody,
        answers: { 200: { says: "The integration.", body: OneIntegration } },
        errors: ["not_found"],
      },
      async ({ environment: { id: environment }, params: { uniqueKey }, body, req }) => {
        const found = await mustFind(db, environment, uniqueKey);
        checkKind(catalogue, found.provider, body.credentials);
        const newKey = body.unique_key ?? uniqueKey;
        // The seal names the key, so a rename seals anew.
        const kept = newKey === uniqueKey ? null : await openIntegrationCredentials(keys, environment, found);
        const credentials = body.credentials ?? kept;
        const { secret, rest } = splitCustom(body.custom);
        const keptSecret = newKey === uniqueKey ? null : await openWebhookSecret(keys, environment, found);
        const newSecret = body.custom === undefined ? keptSecret : (secret ?? "");
        const work = updateIntegration(db, {
          environment,
          uniqueKey,
          newKey,
          displayName: body.display_name ?? null,
          forwardWebhooks: body.forward_webhooks ?? null,
          credentialsSealed: credentials
            ? await sealIntegrationCredentials(keys, environment, { uniqueKey: newKey, credentials })
            : null,
          custom: body.custom === undefined ? null : rest,
          webhookSecretSealed: await sealNewSecret(environment, newKey, newSecret),
          configSealed: await sealNewConfig(environment, found, { newKey, given: body.integration_config }),
        });
        await translating(REFUSALS, work);
        return { data: showIntegration(req, await mustFind(db, environment, newKey)) };
      },
    ),
    endpoint(
      {
        ...shared,
        method: "delete",
        says: "Delete an integration",
        more: "With its connections, their credentials and records, and its functions. What runs for it ends.",
        client: "deleteIntegration",
        scope: "integrations:delete",
        answers: { 200: { says: "It is gone.", body: Success } },
        errors: ["not_found"],
      },
      async ({ environment: { id: environment }, params: { uniqueKey } }) => {
        const work = inTransaction(db, (client) => deleteIntegration(client, { environment, uniqueKey }));
        await translating(REFUSALS, work);
        return SUCCESS;
      },
    ),
  ];
};
