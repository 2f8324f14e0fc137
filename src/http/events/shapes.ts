// What the API shows of webhooks that providers sent. Their `id` is the uid; `number` is what functions in SQL take.
import { z } from "zod";
import { EVENT_SHAPES, type ListedEvent, type WholeEvent } from "../../db/events.ts";
import { ShownRequest } from "./shown-request.ts";

export const EventId = z.strictObject({ uid: z.uuid() });

export const Verdict = z.enum(["verified", "unverified", "refused"]);
export const State = z.enum(["waiting", "handled", "refused"]);

const Summary = z.strictObject({
  id: z.string(),
  number: z.number().int().meta({ description: "Its number in the database: what why_event and replay_event take." }),
  provider_config_key: z.string(),
  provider: z.string(),
  received_at: z.string(),
  verdict: Verdict.meta({ description: "`unverified`: there was nothing to check its signature with." }),
  reason: z.string().nullable().meta({ description: "Why it was refused." }),
  delivery_id: z.string().nullable().meta({ description: "The provider's own id of it." }),
  events: z.array(z.string()).meta({ description: "Its types, to which syncs may subscribe." }),
  bytes: z.number().int(),
  state: State,
  matched: z
    .number()
    .int()
    .nullable()
    .meta({ description: "For how many connections it was; null until it is handled." }),
  replays: z.number().int(),
  duplicates: z.number().int().meta({ description: "How often the provider sent it again; it is handled once." }),
  handled_at: z.string().nullable(),
  has_content: z.boolean().meta({ description: "False once it was shredded with the connection it was about." }),
});

export const EventRow = Summary.extend({
  connections: z.array(z.string()).meta({ description: "For which connections it was, at most 100." }),
}).meta({ id: "ReceivedWebhookRow" });

export const Event = Summary.extend({
  replay_target: z.enum(["functions", "forwards"]).nullable(),
  last_duplicate_at: z.string().nullable(),
  parts: z.array(z.unknown()).meta({
    description: "For each event in it: its types, how its connections are looked for, and where its payload is.",
  }),
  request: ShownRequest.nullable().meta({ description: "As it came; null once it was shredded." }),
  matches: z.array(EVENT_SHAPES.Match),
  calls: z.array(EVENT_SHAPES.Call).meta({ description: "Calls of onWebhook that it led to." }),
  forwards: z.array(EVENT_SHAPES.Forward).meta({ description: "Webhooks that tell the app of it." }),
  why: z.array(EVENT_SHAPES.Reason).meta({ description: "What became of it, in words." }),
}).meta({ id: "ReceivedWebhook" });

export const toRow = ({ id: number, uid: id, ...event }: ListedEvent): z.input<typeof EventRow> => ({
  id,
  number,
  ...event,
});

export const toEvent = (
  { id: number, uid: id, integration_id: _, content_sealed: __, ...event }: WholeEvent,
  request: z.input<typeof ShownRequest> | null,
): z.input<typeof Event> => ({ id, number, ...event, request });
