// POST /events/replay, /events/:uid/replay and /events/:uid/attribute: webhooks of providers handled once more, or for whom
// somebody says they are.
import { z } from "zod";
import { findConnection } from "../../db/connections.ts";
import { attributeEvent, countReplay, findEvent, getEvent, replayEvent, replayEvents } from "../../db/events.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, ProviderConfigKey, Time } from "../patterns.ts";
import { translating } from "../validate.ts";
import { refusing } from "./refusing.ts";
import { EventId } from "./shapes.ts";

const Hours = z.strictObject({
  from: Time,
  until: Time.meta({ description: "What came before it." }),
  provider_config_key: ProviderConfigKey.optional(),
  connection_id: ConnectionId.optional(),
  only: z
    .enum(["unmatched", "failed"])
    .optional()
    .meta({ description: "`unmatched`: no connection was found; `failed`: a call failed, or a forward was given up." }),
  target: z
    .enum(["functions", "forwards"])
    .optional()
    .meta({ description: "Only call syncs, or only tell the app; both when left out." }),
  dry_run: z.boolean().default(false).meta({ description: "Only count them." }),
});

const Replayed = z.strictObject({ replayed: z.boolean().meta({ description: "False when it waited to be handled." }) });
const Count = z.strictObject({ count: z.number().int(), dry_run: z.boolean() });
const Attributed = z.strictObject({ attributed: z.boolean().meta({ description: "False when it was said before." }) });

const shared = {
  method: "post",
  tag: "Received webhooks",
  scope: "webhooks:write",
  unaudited: "what came once is handled again; nothing is configured",
} as const;

/** Handling received webhooks once more. */
export const eventReplayEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      ...shared,
      path: "/events/replay",
      says: "Handle the webhooks of a time once more",
      more: "In the order in which they came. Their connections are looked for again, syncs are called again, and the app is told again under new webhook ids. Refused ones, and those that wait to be handled, are left alone.",
      body: Hours,
      answers: { 200: { says: "How many.", body: Count } },
      errors: ["unknown_provider_config"],
    },
    async ({ environment, body: { dry_run: isDry, ...body } }) => {
      const asked = {
        environment: environment.id,
        from: body.from,
        until: body.until,
        integration: body.provider_config_key ?? null,
        connection: body.connection_id ?? null,
        only: body.only ?? null,
        target: body.target ?? null,
      };
      const refusals = { "no such integration": "unknown_provider_config" } as const;
      const count = await translating(refusals, isDry ? countReplay(db, asked) : replayEvents(db, asked));
      return { count, dry_run: isDry };
    },
  ),
  endpoint(
    {
      ...shared,
      path: "/events/:uid/replay",
      says: "Handle a webhook of a provider once more",
      params: EventId,
      answers: { 200: { says: "It waits to be handled.", body: Replayed } },
      errors: ["not_found", "cannot_handle_event"],
    },
    async ({ environment, params: { uid } }) => {
      const event = await refusing(findEvent(db, { environment: environment.id, uid }));
      return { replayed: await refusing(replayEvent(db, { event })) };
    },
  ),
  endpoint(
    {
      ...shared,
      path: "/events/:uid/attribute",
      says: "Say that a webhook of a provider is about a connection",
      more: "The connection's syncs are called and the app is told, for this connection alone. When it is replayed it goes to this connection again.",
      params: EventId,
      body: z.strictObject({ connection_id: ConnectionId }),
      answers: { 200: { says: "Done.", body: Attributed } },
      errors: ["not_found", "unknown_connection", "cannot_handle_event"],
    },
    async ({ environment, params: { uid }, body: { connection_id: connection } }) => {
      const event = await getEvent(db, { environment: environment.id, uid });
      if (event === null) throw new AppError("not_found");
      const integration = event.provider_config_key;
      const found = await findConnection(db, { environment: environment.id, integration, connection });
      if (found === null) throw new AppError("unknown_connection");
      return { attributed: await refusing(attributeEvent(db, { event: event.id, connection: found.id })) };
    },
  ),
];
