// POST /connections: a connection made from credentials the app has already.
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { credentialsPlace } from "../crypto/places.ts";
import { sealJson } from "../crypto/seal.ts";
import { discardConnection, getConnection, importConnection, setCredentials } from "../db/connections.ts";
import { welcomeConnection } from "../db/functions.ts";
import { getIntegration } from "../db/integrations.ts";
import type { Db } from "../db/pool.ts";
import { listEventFunctions } from "../db/runs.ts";
import { inTransaction } from "../db/tx.ts";
import { AppError, type Json } from "../errors.ts";
import type { FunctionFailed } from "../runs/function-failed.ts";
import { environmentOf } from "./auth.ts";
import { openCredentials, showConnection } from "./connection-shape.ts";
import type { HttpDeps, Install } from "./deps.ts";
import { ConnectionId, HttpUrl, JsonObject, ProviderConfigKey } from "./patterns.ts";
import { EndUser, storedEndUser, Tags, tagsOfEndUser } from "./tags.ts";
import { fieldError, readBody, refuseQuery } from "./validate.ts";

const OAuth2 = z
  .strictObject({
    type: z.literal("OAUTH2"),
    access_token: z.string().min(1).max(10_000),
    refresh_token: z.string().min(1).max(10_000).optional(),
    expires_at: z.iso.datetime({ offset: true }).optional(),
    expires_in: z.number().int().positive().optional(),
    raw: JsonObject.optional(),
  })
  .transform(({ expires_in, raw, ...credentials }) => {
    const after = expires_in === undefined ? undefined : new Date(Date.now() + expires_in * 1000).toISOString();
    const expires_at = credentials.expires_at ?? after;
    const kept = { ...credentials, ...(expires_at && { expires_at }) };
    const { type: _type, ...asReceived } = kept;
    return { ...kept, raw: raw ?? asReceived };
  });

const ImportedCredentials = z.union([
  OAuth2,
  z.strictObject({ type: z.literal("API_KEY"), apiKey: z.string().min(1).max(1024) }),
  z.strictObject({ type: z.literal("BASIC"), username: z.string().max(1024), password: z.string().max(1024) }),
  z.strictObject({ type: z.literal("NONE") }),
]);

const Body = z.strictObject({
  provider_config_key: ProviderConfigKey,
  connection_id: ConnectionId.optional(),
  credentials: ImportedCredentials,
  connection_config: JsonObject.optional(),
  metadata: JsonObject.optional(),
  webhook_url_override: HttpUrl.optional(),
  tags: Tags.optional(),
  end_user: EndUser.optional(),
});

type Import = z.infer<typeof Body> & { connection_id: string; environment: number };

type Made = { connection: number; isNew: boolean };

const VALIDATION = "validate-connection";

/** Write the connection down. It is welcome at once unless functions have to look at it first. */
const write = async (
  db: Db,
  { keyring }: HttpDeps["keys"],
  body: Import,
): Promise<Made & { mustBeValidated: boolean }> => {
  const { environment, provider_config_key: integration, connection_id: connection, credentials } = body;
  const candidate = keyring.createDataKey();
  const {
    id,
    is_new: isNew,
    wrapped,
  } = await importConnection(db, {
    environment,
    integration,
    connection,
    authMode: credentials.type,
    connectionConfig: body.connection_config ?? null,
    metadata: body.metadata ?? null,
    tags: body.tags ?? null,
    generatedTags: body.end_user ? tagsOfEndUser(body.end_user) : null,
    endUser: body.end_user ? storedEndUser(body.end_user) : null,
    webhookUrlOverride: body.webhook_url_override ?? null,
    wrapped: candidate.wrapped,
    masterKeyId: candidate.master_key_id,
  });
  const place = credentialsPlace(environment, integration, connection);
  const sealed = sealJson(keyring.open(wrapped), credentials as unknown as Json, place);
  const expireAt = "expires_at" in credentials ? (credentials.expires_at ?? null) : null;
  await setCredentials(db, { connection: id, sealed, expireAt });
  const mustBeValidated = (await listEventFunctions(db, { connection: id, event: VALIDATION })).length > 0;
  if (!mustBeValidated) await welcomeConnection(db, { connection: id, isNew });
  return { connection: id, isNew, mustBeValidated };
};

const refusal = (failure: FunctionFailed): AppError => {
  const { message, error } = (failure.payload ?? {}) as { message?: unknown; error?: unknown };
  const says = [message, error].find((text) => typeof text === "string" && text !== "") ?? failure.message;
  return new AppError("connection_validation_failed", says as string, { cause: failure });
};

/** Let the connection's functions look at it, then welcome it. A new one that is refused is gone; an old one stays as overridden. */
const validate = async ({ db, runs }: HttpDeps, made: Made): Promise<void> => {
  try {
    const [failure] = await runs.runEvent({ connection: made.connection, event: VALIDATION });
    if (failure !== undefined) throw refusal(failure);
  } catch (error) {
    if (made.isNew) await inTransaction(db, (client) => discardConnection(client, made));
    throw error;
  }
  await inTransaction(db, (client) => welcomeConnection(client, made));
};

/** Makes a connection and its syncs, or overrides the credentials of the one that has the name. */
export const installConnectionImport: Install = (app, deps) => {
  const { db, keys, catalogue } = deps;
  const open = openCredentials(deps);

  app.post("/connections", async (req, res) => {
    refuseQuery(req);
    const body = readBody(req, Body);
    const environment = environmentOf(res).id;
    const { provider_config_key: integration, connection_id: connection = randomUUID() } = body;
    const found = await getIntegration(db, { environment, uniqueKey: integration });
    if (found === null) throw new AppError("not_found", `There is no integration "${integration}".`);
    const provider = catalogue.get(found.provider);
    if (provider === undefined) throw new AppError("not_found", `There is no provider "${found.provider}".`);
    if (provider.auth_mode !== body.credentials.type) {
      const message = `${found.provider} connects with ${provider.auth_mode} credentials, not ${body.credentials.type}`;
      throw fieldError("invalid_body", ["credentials", "type"], message);
    }
    const asked = { ...body, connection_id: connection, environment };
    const written = await inTransaction(db, (client) => write(client, keys, asked));
    if (written.mustBeValidated) await validate(deps, written);
    const made = await getConnection(db, { environment, integration, connection });
    if (made === null) throw new AppError("not_found", "The connection was deleted meanwhile.");
    res.status(201).json(showConnection(made, await open(environment, made), { showRefreshToken: false }));
  });
};
