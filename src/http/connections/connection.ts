// GET, PATCH and DELETE /connections/:connectionId, and their older names under /connection.
import { z } from "zod";
import { tagsOfEndUser } from "../../auth/end-user.ts";
import { openConnection } from "../../auth/target.ts";
import { noteReader } from "../../db/audit.ts";
import {
  type Connection,
  deleteConnection,
  describeConnectionErrors,
  findConnection,
  getConnection,
  patchConnection,
} from "../../db/connections.ts";
import { getIntegration } from "../../db/integrations.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError, type Json } from "../../errors.ts";
import { type Credentials, missingPart } from "../../providers/credentials.ts";
import { actorOf } from "../access/actor.ts";
import { requireScope } from "../access/caller.ts";
import { covers } from "../access/scopes.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, HttpUrl, ProviderConfigKey } from "../patterns.ts";
import { SUCCESS, Success } from "../success.ts";
import { type Refusals, translating } from "../validate.ts";
import { checkDestinations } from "../webhooks/destination.ts";
import { ConnectionInFull, openCredentials, showConnection, showWithoutCredentials } from "./connection-shape.ts";
import { EndUser, storedEndUser, Tags } from "./tags.ts";

const READ_CREDENTIALS = "connections:read_credentials";

const flag = (says: string) =>
  z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true")
    .meta({ description: says });

const KeyQuery = z.strictObject({ provider_config_key: ProviderConfigKey });

const GetQuery = KeyQuery.extend({
  force_refresh: flag("Have the provider give a new token first."),
  refresh_token: flag("Show refresh tokens too."),
  refresh_github_app_jwt_token: flag("Make a new token of the GitHub app itself, too."),
});

const PatchBody = z.strictObject({
  tags: Tags.optional().meta({ description: "All tags: those that are not named here go." }),
  webhook_url_override: z
    .union([z.literal(""), HttpUrl])
    .optional()
    .meta({ description: "Empty for none." }),
  end_user: EndUser.optional(),
});

const shared = {
  path: "/connections/:connectionId",
  aliases: ["/connection/:connectionId"],
  tag: "Connections",
  params: z.object({ connectionId: ConnectionId }),
} as const;

const PATCH_REFUSALS: Refusals = {
  "no such integration": "unknown_provider_config",
  "no such connection": () => new AppError("not_found", "There is no such connection."),
};

const DELETE_REFUSALS: Refusals = {
  "no such integration": "unknown_connection",
  "no such connection": "unknown_connection",
};

/** One connection: looked at (two statements when it is not there), changed, deleted. */
export const connectionEndpoints = (deps: HttpDeps): Endpoint[] => {
  const { db, runs, log } = deps;
  const open = openCredentials(deps);

  const mustGet = async (names: { environment: number; integration: string; connection: string }) => {
    const found = await getConnection(db, names);
    if (found !== null) return found;
    const { environment, integration: uniqueKey } = names;
    const hasIntegration = (await getIntegration(db, { environment, uniqueKey })) !== null;
    throw new AppError(hasIntegration ? "not_found" : "unknown_provider_config");
  };

  /** Whoever gets a connection uses it: with credentials that have ended it is of no use. */
  const openFresh = async (found: Connection, isForced: boolean) => {
    try {
      return (await openConnection(runs.auth, found.id, { isForced })).connection;
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "database_unavailable") throw error;
      // As they are by now: with what went wrong.
      const errors = await describeConnectionErrors(db, { connection: found.id });
      const shown = showWithoutCredentials({ ...found, errors }, { showRefreshToken: false });
      throw new AppError("invalid_credentials", error.message, {
        cause: error,
        status: error.status,
        payload: { connection: shown as Json },
      });
    }
  };

  // Its functions may still use the connection; whatever becomes of them, it goes.
  const runFarewell = (connection: number): Promise<unknown> =>
    runs
      .runEvent({ connection, event: "pre-connection-deletion" })
      .catch((err) => log.warn({ event: "connection.no_farewell", connection, err }, "deleted without its event"));

  return [
    endpoint(
      {
        ...shared,
        method: "get",
        says: "A connection with its credentials",
        more: "A key without `connections:read_credentials` gets empty ones, and may not ask for refreshed ones. Credentials near their end are renewed first. Where that fails (424 for 30 s after a failure, and after failures on 4 days) the error's payload has the connection without them.",
        client: "getConnection",
        scope: "connections:read",
        query: GetQuery,
        answers: { 200: { says: "The connection.", body: ConnectionInFull } },
        errors: ["unknown_provider_config", "not_found", "invalid_credentials", ["invalid_credentials", 424]],
      },
      async ({ environment: { id: environment, scopes }, params, query, req, res }) => {
        const { force_refresh, refresh_token: showRefreshToken, refresh_github_app_jwt_token } = query;
        if (force_refresh || showRefreshToken || refresh_github_app_jwt_token) requireScope(res, READ_CREDENTIALS);
        const names = { environment, integration: query.provider_config_key, connection: params.connectionId };
        const seesCredentials = covers(scopes, `environment:${READ_CREDENTIALS}`);
        const found = await mustGet(names);
        if (!seesCredentials) return showConnection(found, null, { showRefreshToken });
        const isApp = found.auth_mode === "APP" || found.auth_mode === "CUSTOM";
        const isForced = force_refresh || (refresh_github_app_jwt_token && isApp);
        // Written down before they are shown, and not when renewing them fails.
        const show = async (one: Connection, credentials: Credentials) => {
          const name = `${one.provider_config_key}/${one.connection_id}`;
          await noteReader(db, { environment, connection: one.id, name, reader: actorOf(req, res) });
          return showConnection(one, credentials, { showRefreshToken });
        };
        const credentials = await open(environment, found);
        const isDue = found.renew_in_ms !== null && found.renew_in_ms <= 0;
        if (!isForced && !isDue && missingPart(credentials) === null) return await show(found, credentials);
        const { auth_version } = await openFresh(found, isForced);
        // What is shown beside new credentials came with them.
        const shown = auth_version === found.auth_version ? found : await mustGet(names);
        return await show(shown, await open(environment, shown));
      },
    ),
    endpoint(
      {
        ...shared,
        method: "patch",
        says: "Change a connection's tags, end user or webhook URL",
        more: "Of an end user tags are made, which explicit ones lie over.",
        client: "patchConnection",
        scope: "connections:update",
        query: KeyQuery,
        body: PatchBody,
        answers: { 200: { says: "Done.", body: Success } },
        errors: ["unknown_provider_config", "not_found"],
      },
      async ({ environment, params, query, body }) => {
        await checkDestinations(deps, body);
        const work = patchConnection(db, {
          environment: environment.id,
          integration: query.provider_config_key,
          connection: params.connectionId,
          tags: body.tags ?? null,
          generatedTags: body.end_user ? tagsOfEndUser(body.end_user) : null,
          endUser: body.end_user ? storedEndUser(body.end_user) : null,
          webhookUrlOverride: body.webhook_url_override ?? null,
        });
        await translating(PATCH_REFUSALS, work);
        return SUCCESS;
      },
    ),
    endpoint(
      {
        ...shared,
        method: "delete",
        says: "Delete a connection with its records",
        more: "Its `pre-connection-deletion` functions run first, and cannot prevent it. Its credentials are gone at once.",
        client: "deleteConnection",
        scope: "connections:delete",
        query: KeyQuery,
        answers: { 200: { says: "It is gone.", body: Success } },
        errors: ["unknown_connection"],
      },
      async ({ environment, params, query }) => {
        const integration = query.provider_config_key;
        const names = { environment: environment.id, integration, connection: params.connectionId };
        const found = await findConnection(db, names);
        if (found !== null) await runFarewell(found.id);
        await translating(
          DELETE_REFUSALS,
          inTransaction(db, (client) => deleteConnection(client, names)),
        );
        return SUCCESS;
      },
    ),
  ];
};
