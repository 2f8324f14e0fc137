// GET /connections, GET, PATCH and DELETE /connections/:connectionId, and their older names under /connection.
import { z } from "zod";
import {
  deleteConnection,
  findConnection,
  getConnection,
  listConnections,
  patchConnection,
} from "../db/connections.ts";
import { getIntegration } from "../db/integrations.ts";
import { inTransaction } from "../db/tx.ts";
import { AppError } from "../errors.ts";
import { covers, environmentOf, requireScope } from "./auth.ts";
import { openCredentials, showConnection } from "./connection-shape.ts";
import type { Install } from "./deps.ts";
import { ConnectionId, HttpUrl, ProviderConfigKey } from "./patterns.ts";
import { EndUser, storedEndUser, Tags, tagsOfEndUser } from "./tags.ts";
import { type Refusals, readBody, readParams, readQuery, translating } from "./validate.ts";

const DEFAULT_PAGE = 10_000;
const READ_CREDENTIALS = "connections:read_credentials";

const keyList = z
  .string()
  .transform((text) => text.split(","))
  .pipe(z.array(ProviderConfigKey));

const ListQuery = z.strictObject({
  connectionId: ConnectionId.optional(),
  search: z.string().max(255).optional(),
  endUserId: z.string().max(255).optional(),
  endUserOrganizationId: z.string().max(255).optional(),
  integrationId: keyList.optional(),
  tags: Tags.optional(),
  limit: z.coerce.number().int().min(1).max(2000).default(DEFAULT_PAGE),
  page: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");

const GetQuery = z.strictObject({
  provider_config_key: ProviderConfigKey,
  force_refresh: flag,
  refresh_token: flag,
  refresh_github_app_jwt_token: flag,
});

const KeyQuery = z.strictObject({ provider_config_key: ProviderConfigKey });
const Params = z.object({ connectionId: ConnectionId });

const PatchBody = z.strictObject({
  tags: Tags.optional(),
  webhook_url_override: z.union([z.literal(""), HttpUrl]).optional(),
  end_user: EndUser.optional(),
});

const PATCH_REFUSALS: Refusals = {
  "no such integration": "unknown_provider_config",
  "no such connection": () => new AppError("not_found", "There is no such connection."),
};

/** Connections: list, look at, change, delete. */
export const installConnections: Install = (app, deps) => {
  const { db, runs, log } = deps;
  const open = openCredentials(deps);

  // Its functions may still use the connection; whatever becomes of them, it goes.
  const runFarewell = (connection: number): Promise<unknown> =>
    runs
      .runEvent({ connection, event: "pre-connection-deletion" })
      .catch((err) => log.warn({ event: "connection.no_farewell", connection, err }, "deleted without its event"));

  app.get(["/connections", "/connection"], async (req, res) => {
    const query = readQuery(req, ListQuery);
    const connections = await listConnections(db, {
      environment: environmentOf(res).id,
      connection: query.connectionId ?? null,
      search: query.search ?? null,
      endUser: query.endUserId ?? null,
      organization: query.endUserOrganizationId ?? null,
      integrations: query.integrationId ?? null,
      tags: query.tags ?? null,
      limit: query.limit,
      page: query.page,
    });
    res.json({ connections });
  });

  const one = app.route(["/connections/:connectionId", "/connection/:connectionId"]);

  one.get(async (req, res) => {
    const { connectionId: connection } = readParams(req, Params);
    const query = readQuery(req, GetQuery);
    if (query.force_refresh || query.refresh_token || query.refresh_github_app_jwt_token)
      requireScope(res, READ_CREDENTIALS);
    const { id: environment, scopes } = environmentOf(res);
    const integration = query.provider_config_key;
    const found = await getConnection(db, { environment, integration, connection });
    if (found === null) {
      const hasIntegration = (await getIntegration(db, { environment, uniqueKey: integration })) !== null;
      throw new AppError(hasIntegration ? "not_found" : "unknown_provider_config");
    }
    const credentials = covers(scopes, `environment:${READ_CREDENTIALS}`) ? await open(environment, found) : {};
    res.json(showConnection(found, credentials, { showRefreshToken: query.refresh_token }));
  });

  one.patch(async (req, res) => {
    const { connectionId: connection } = readParams(req, Params);
    const { provider_config_key: integration } = readQuery(req, KeyQuery);
    const body = readBody(req, PatchBody);
    const work = patchConnection(db, {
      environment: environmentOf(res).id,
      integration,
      connection,
      tags: body.tags ?? null,
      generatedTags: body.end_user ? tagsOfEndUser(body.end_user) : null,
      endUser: body.end_user ? storedEndUser(body.end_user) : null,
      webhookUrlOverride: body.webhook_url_override ?? null,
    });
    await translating(PATCH_REFUSALS, work);
    res.json({ success: true });
  });

  one.delete(async (req, res) => {
    const { connectionId: connection } = readParams(req, Params);
    const { provider_config_key: integration } = readQuery(req, KeyQuery);
    const names = { environment: environmentOf(res).id, integration, connection };
    const found = await findConnection(db, names);
    if (found !== null) await runFarewell(found.id);
    const work = inTransaction(db, (client) => deleteConnection(client, names));
    await translating(
      { "no such integration": "unknown_connection", "no such connection": "unknown_connection" },
      work,
    );
    res.json({ success: true });
  });
};
