// POST /connect/sessions and /connect/sessions/reconnect: the app invites an end user to connect. What the session carries is
// for the page that its link leads to, and for the connection that is made there.
import { randomBytes } from "node:crypto";
import type { Request } from "express";
import { z } from "zod";
import { createConnectSession, unknownIntegrations } from "../../db/connect-sessions.ts";
import { findConnection } from "../../db/connections.ts";
import { hashApiKey } from "../../db/ensure-environments.ts";
import { AppError, type FieldError } from "../../errors.ts";
import { baseUrl } from "../base-url.ts";
import { EndUser, storedEndUser, Tags } from "../connections/tags.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, HttpUrl, JsonObject, ProviderConfigKey } from "../patterns.ts";
import { fieldError } from "../validate.ts";
import { checkDestinations } from "../webhooks/destination.ts";

const TOKEN_BYTES = 32;
const MOST_INTEGRATIONS = 1_000;

const text = z.string().min(1).max(8192);

/** What an integration is connected with unless the page says otherwise. */
export const IntegrationDefaults = z
  .strictObject({
    user_scopes: text.optional().meta({ description: "Scopes asked of the user, beside those of the app (Slack)." }),
    authorization_params: z.record(z.string(), text).optional(),
    connection_config: JsonObject.optional(),
  })
  .meta({ id: "IntegrationDefaults" });

/** What the page shows differently for an integration. */
export const IntegrationOverrides = z
  .strictObject({ docs_connect: HttpUrl.optional() })
  .meta({ id: "IntegrationOverrides" });

const { organization, ...endUser } = EndUser.shape;

const carried = {
  tags: Tags.optional().meta({ description: "What the connection will be tagged with." }),
  end_user: z.strictObject(endUser).optional(),
  organization,
  integrations_config_defaults: z.record(ProviderConfigKey, IntegrationDefaults).optional(),
  overrides: z.record(ProviderConfigKey, IntegrationOverrides).optional(),
  webhook_url_override: HttpUrl.optional(),
};

const NewBody = z
  .strictObject({
    allowed_integrations: z.array(ProviderConfigKey).min(1).max(MOST_INTEGRATIONS).optional().meta({
      description: "What may be connected; left out, every integration.",
    }),
    ...carried,
  })
  .refine(({ tags, end_user }) => tags !== undefined || end_user !== undefined, "needs tags or an end_user");

const ReconnectBody = z.strictObject({ connection_id: ConnectionId, integration_id: ProviderConfigKey, ...carried });

type Carried = Omit<z.output<typeof ReconnectBody>, "connection_id" | "integration_id">;

const Made = z
  .strictObject({
    data: z.strictObject({
      token: z.string().meta({ description: "The session's key. It is shown this once." }),
      connect_link: z.string().meta({ description: "The page where the end user connects." }),
      expires_at: z.string(),
    }),
  })
  .meta({ id: "NewConnectSession" });

const shared = {
  method: "post",
  unaudited: "an invitation; what comes of it is ascribed to the session",
  tag: "Connect",
  scope: "connect_sessions:write",
  answers: { 201: { says: "The session; it ends in half an hour.", body: Made } },
} as const;

const linkTo = (req: Request, publicUrl: string | undefined, token: string): string =>
  `${baseUrl(req, publicUrl)}/connect?session_token=${token}`;

/** Sessions. Making one is two statements, for a reconnect three. */
export const connectSessionEndpoints = ({ db, access, runs }: HttpDeps): Endpoint[] => {
  const checkIntegrations = async (environment: number, body: Carried, allowed: string[]): Promise<void> => {
    const named: { name: string; path: string[] }[] = [
      ...allowed.map((name, index) => ({ name, path: ["allowed_integrations", String(index)] })),
      ...(["integrations_config_defaults", "overrides"] as const).flatMap((part) =>
        Object.keys(body[part] ?? {}).map((name) => ({ name, path: [part, name] })),
      ),
    ];
    const unknown = await unknownIntegrations(db, { environment, names: named.map(({ name }) => name) });
    const errors: FieldError[] = named
      .filter(({ name }) => unknown.includes(name))
      .map(({ name, path }) => ({ code: "custom", message: `there is no integration "${name}"`, path }));
    if (errors.length > 0) throw new AppError("invalid_body", undefined, { errors });
  };

  const make = async (
    req: Request,
    environment: number,
    body: Carried,
    target: { connection: number | null; allowed: string[] | null },
  ) => {
    await checkDestinations({ runs }, body);
    const token = `nango_connect_session_${randomBytes(TOKEN_BYTES).toString("hex")}`;
    const expires_at = await createConnectSession(db, {
      environment,
      tokenHash: hashApiKey(token),
      connection: target.connection,
      allowedIntegrations: target.allowed,
      endUser: body.end_user
        ? storedEndUser({ ...body.end_user, ...(body.organization && { organization: body.organization }) })
        : null,
      tags: body.tags ?? {},
      defaults: body.integrations_config_defaults ?? {},
      overrides: body.overrides ?? {},
      webhookUrlOverride: body.webhook_url_override ?? null,
    });
    return { data: { token, connect_link: linkTo(req, access?.publicUrl, token), expires_at } };
  };

  return [
    endpoint(
      {
        ...shared,
        path: "/connect/sessions",
        says: "Invite an end user to connect",
        client: "createConnectSession",
        body: NewBody,
      },
      async ({ environment: { id }, body, req }) => {
        await checkIntegrations(id, body, body.allowed_integrations ?? []);
        return await make(req, id, body, { connection: null, allowed: body.allowed_integrations ?? null });
      },
    ),
    endpoint(
      {
        ...shared,
        path: "/connect/sessions/reconnect",
        says: "Invite an end user to renew a connection",
        client: "createReconnectSession",
        body: ReconnectBody,
      },
      async ({ environment: { id }, body, req }) => {
        const { integration_id: integration, connection_id: connection } = body;
        const found = await findConnection(db, { environment: id, integration, connection });
        if (found === null) throw fieldError("invalid_body", ["connection_id"], "there is no such connection");
        await checkIntegrations(id, body, []);
        return await make(req, id, body, { connection: found.id, allowed: [integration] });
      },
    ),
  ];
};
