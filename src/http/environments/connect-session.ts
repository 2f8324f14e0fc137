// GET and DELETE /connect/session: what the holder of a session's token may see and do with it.
import { z } from "zod";
import { deleteConnectSession } from "../../db/connect-sessions.ts";
import { ShownEndUser } from "../connections/tags.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { IntegrationDefaults, IntegrationOverrides } from "./connect-sessions.ts";
import { ConnectUi, readConnectUi } from "./connect-ui.ts";

const SessionShown = z
  .strictObject({
    endUser: ShownEndUser.nullable(),
    tags: z.record(z.string(), z.string()),
    isReconnecting: z.boolean().meta({ description: "Whether a connection is renewed instead of made." }),
    allowed_integrations: z.array(z.string()).optional().meta({ description: "Left out: every integration." }),
    integrations_config_defaults: z.record(z.string(), IntegrationDefaults).optional(),
    overrides: z.record(z.string(), IntegrationOverrides).optional(),
    connectUISettings: ConnectUi,
  })
  .meta({ id: "ConnectSession" });

const session = { path: "/connect/session", tag: "Connect", access: "session" } as const;

const unlessEmpty = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

/** The session of the token that calls. */
export const ownSessionEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      ...session,
      method: "get",
      says: "What the session is for",
      answers: { 200: { says: "The session.", body: z.strictObject({ data: SessionShown }) } },
    },
    async ({ caller: { session } }) => {
      const defaults = z.record(z.string(), IntegrationDefaults).parse(session.defaults);
      const overrides = z.record(z.string(), IntegrationOverrides).parse(session.overrides);
      return {
        data: {
          endUser: ShownEndUser.nullable().parse(session.end_user),
          tags: session.tags,
          isReconnecting: session.connection_id !== null,
          allowed_integrations: session.allowed_integrations ?? undefined,
          integrations_config_defaults: unlessEmpty(defaults),
          overrides: unlessEmpty(overrides),
          connectUISettings: await readConnectUi(db, session.environment_id),
        },
      };
    },
  ),
  endpoint(
    {
      ...session,
      method: "delete",
      unaudited: "an invitation ends; nothing is configured",
      says: "End the session",
      answers: { 204: { says: "Its token works no more." } },
    },
    async ({ caller }) => {
      await deleteConnectSession(db, { id: caller.session.id });
      return undefined;
    },
  ),
];
