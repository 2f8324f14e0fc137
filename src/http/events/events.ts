// GET /events and GET /events/:uid: what providers sent, and what became of it.
import { z } from "zod";
import { getEvent, listEvents } from "../../db/events.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, ProviderConfigKey, plainText, Time } from "../patterns.ts";
import { Event, EventId, EventRow, State, toEvent, toRow, Verdict } from "./shapes.ts";
import { showRequest } from "./shown-request.ts";

const yesOrNo = z.enum(["true", "false"]).transform((text) => text === "true");

const Query = z.strictObject({
  state: State.optional(),
  verdict: Verdict.optional(),
  matched: yesOrNo.optional().meta({ description: "`false`: no connection was found." }),
  failed: yesOrNo.default(false).meta({ description: "`true`: a call of a sync failed, or a forward was given up." }),
  provider_config_key: ProviderConfigKey.optional(),
  connection_id: ConnectionId.optional(),
  event: plainText(255).optional().meta({ description: "One of its types." }),
  from: Time.optional(),
  until: Time.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .meta({ description: "`next_cursor` of the page before." }),
});

const Page = z.strictObject({
  events: z.array(EventRow),
  next_cursor: z.string().nullable().meta({ description: "Null when there is nothing older." }),
});

/** Looking at received webhooks. */
export const eventEndpoints = ({ db, keys }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/events",
      tag: "Received webhooks",
      says: "What providers sent, newest first",
      scope: "webhooks:read",
      query: Query,
      answers: { 200: { says: "A page of webhooks, without their content.", body: Page } },
    },
    async ({ environment, query: { limit, cursor, ...query } }) => {
      const found = await listEvents(db, {
        environment: environment.id,
        state: query.state ?? null,
        verdict: query.verdict ?? null,
        isMatched: query.matched ?? null,
        isFailed: query.failed,
        integration: query.provider_config_key ?? null,
        connection: query.connection_id ?? null,
        event: query.event ?? null,
        from: query.from ?? null,
        until: query.until ?? null,
        before: cursor === undefined ? null : Number(cursor),
        limit: limit + 1,
      });
      const page = found.slice(0, limit);
      return { events: page.map(toRow), next_cursor: found.length > limit ? String(page.at(-1)!.id) : null };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/events/:uid",
      tag: "Received webhooks",
      says: "One webhook of a provider as it came, and what became of it",
      scope: "webhooks:read",
      params: EventId,
      answers: { 200: { says: "The webhook.", body: Event } },
      errors: ["not_found"],
    },
    async ({ environment, params: { uid } }) => {
      const event = await getEvent(db, { environment: environment.id, uid });
      if (event === null) throw new AppError("not_found");
      return toEvent(event, await showRequest(keys, environment.id, event));
    },
  ),
];
