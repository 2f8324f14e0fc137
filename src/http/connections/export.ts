// GET /export/connections and POST /import/connections: connections moved to another environment or server as they are, of
// every kind, with the tokens that they hold. No provider is asked: tokens are renewed over there when their time comes.
import { z } from "zod";
import { makeConnection } from "../../auth/make-connection.ts";
import { countConnections, exportConnections } from "../../db/connection-export.ts";
import { findConnection } from "../../db/connections.ts";
import { getIntegration } from "../../db/integrations.ts";
import { AppError, hasCode } from "../../errors.ts";
import { Credentials } from "../../providers/credentials.ts";
import { actorOf } from "../access/actor.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, HttpUrl, JsonObject, ProviderConfigKey } from "../patterns.ts";
import { fieldError } from "../validate.ts";
import { checkDestinations } from "../webhooks/destination.ts";
import { openCredentials } from "./connection-shape.ts";
import { ShownEndUser } from "./tags.ts";

const whole = {
  connection_id: ConnectionId,
  provider_config_key: ProviderConfigKey,
  auth_mode: z.string().min(1).max(100).meta({ description: "The kind of its provider's connections." }),
  credentials: Credentials,
  connection_config: JsonObject,
  metadata: JsonObject,
  tags: z.record(z.string(), z.string()),
  end_user: ShownEndUser.nullable(),
  webhook_url_override: HttpUrl.nullable(),
};

const Exported = z
  .strictObject({ ...whole, provider: z.string(), created_at: z.string() })
  .meta({ id: "ExportedConnection", description: "A connection as a whole, refresh tokens included." });

const number = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const ExportQuery = z.strictObject({
  provider_config_key: ProviderConfigKey.optional(),
  connection_id: ConnectionId.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(100),
  cursor: number.optional().meta({ description: "`next_cursor` of the page before." }),
});

const ExportPage = z.strictObject({
  environment: z.string(),
  total: z.number().int().meta({ description: "How many there are on all pages." }),
  connections: z.array(Exported),
  next_cursor: z.string().nullable().meta({ description: "Null on the last page." }),
});

const ImportBody = z.strictObject({
  ...whole,
  if_exists: z.enum(["skip", "override"]).default("skip"),
  test: z.boolean().default(false).meta({ description: "Ask the provider first whether it takes the credentials." }),
  dry_run: z.boolean().default(false).meta({ description: "Only say what would be done." }),
});

const Imported = z.strictObject({ result: z.enum(["created", "overridden", "skipped"]) });

// Another import of the same name was first.
const isTakenMeanwhile = (error: unknown): true => {
  if (hasCode(error, "SL005") && error.message === "the connection exists") return true;
  throw error;
};

const ofConnections = { tag: "Connections" } as const;

/** Moving connections: a page is two statements and one for each key that is not at hand, an import about nine. */
export const connectionExportEndpoints = (deps: HttpDeps): Endpoint[] => {
  const { db, catalogue, runs } = deps;
  const open = openCredentials(deps);

  const mustTake = async (
    environment: number,
    { provider_config_key: uniqueKey, auth_mode }: z.output<typeof ImportBody>,
  ) => {
    const integration = await getIntegration(db, { environment, uniqueKey });
    if (integration === null) throw new AppError("not_found", `There is no integration "${uniqueKey}".`);
    const provider = catalogue.get(integration.provider);
    if (provider === undefined) throw new AppError("not_found", `There is no provider "${integration.provider}".`);
    if (provider.auth_mode === auth_mode) return { integration, provider };
    const message = `${integration.provider} connects with ${provider.auth_mode} credentials, not ${auth_mode}`;
    throw fieldError("invalid_body", ["auth_mode"], message);
  };

  return [
    endpoint(
      {
        ...ofConnections,
        method: "get",
        path: "/export/connections",
        says: "Connections as a whole, with their credentials as they are kept",
        more: "For POST /import/connections elsewhere; `syncline connections export` seals them for a key of yours. Each connection on a page is written down in the audit log.",
        scope: "connections:read_credentials",
        query: ExportQuery,
        answers: { 200: { says: "A page, the oldest first.", body: ExportPage } },
      },
      async ({ environment: { id: environment, name }, query, req, res }) => {
        const { limit, cursor } = query;
        const filter = {
          environment,
          integration: query.provider_config_key ?? null,
          connection: query.connection_id ?? null,
        };
        const total = await countConnections(db, filter);
        const reader = actorOf(req, res)!;
        const found = await exportConnections(db, { ...filter, after: cursor ?? 0, limit, reader });
        const connections: z.input<typeof Exported>[] = [];
        for (const one of found) {
          const { id: _id, credentials_sealed: _sealed, ...shown } = one;
          const credentials = await open(environment, one);
          const end_user = shown.end_user as z.input<typeof ShownEndUser> | null;
          connections.push({ ...shown, end_user, credentials });
        }
        return {
          environment: name,
          total,
          connections,
          next_cursor: found.length === limit ? String(found.at(-1)!.id) : null,
        };
      },
    ),
    endpoint(
      {
        ...ofConnections,
        method: "post",
        path: "/import/connections",
        says: "Make a connection as it was exported",
        more: "Of every kind, with the tokens that it holds; no provider is asked unless `test` says so. Functions on `validate-connection` may refuse it.",
        scope: "connections:create",
        body: ImportBody,
        answers: { 200: { says: "What was done, or would be.", body: Imported } },
        errors: ["not_found", "connection_test_failed", "connection_validation_failed"],
      },
      async ({ environment: { id: environment }, body }) => {
        const place = await mustTake(environment, body);
        const { provider_config_key: integration, connection_id: connection } = body;
        const isThere = (await findConnection(db, { environment, integration, connection })) !== null;
        if (isThere && body.if_exists === "skip") return { result: "skipped" } as const;
        await checkDestinations(deps, { webhook_url_override: body.webhook_url_override ?? undefined });
        const result = isThere ? "overridden" : "created";
        if (body.dry_run) return { result } as const;
        const isSkipped = await makeConnection(
          { ...runs.auth, runEvent: runs.runEvent },
          {
            ...place,
            environment,
            connection,
            credentials: body.credentials,
            connectionConfig: body.connection_config,
            metadata: body.metadata,
            tags: body.tags,
            generatedTags: null,
            endUser: body.end_user,
            webhookUrlOverride: body.webhook_url_override,
            isTaken: !body.test,
            mustBeNew: body.if_exists === "skip",
          },
        ).then(() => false, isTakenMeanwhile);
        return { result: isSkipped ? "skipped" : result } as const;
      },
    ),
  ];
};
