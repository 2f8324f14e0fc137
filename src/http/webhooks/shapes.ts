// Webhooks on the wire: what is asked by, and what is shown.
import { z } from "zod";
import { Kind, State, type Webhook } from "../../db/webhooks.ts";
import { ConnectionId, HttpUrl, ProviderConfigKey, Time } from "../patterns.ts";

/** Which webhooks; all that are given must match. */
export const filterShape = {
  state: State.optional(),
  kind: Kind.optional(),
  connection_id: ConnectionId.optional(),
  provider_config_key: ProviderConfigKey.optional(),
  url: HttpUrl.optional().meta({ description: "Exactly this destination." }),
  from: Time.optional().meta({ description: "Made then or later." }),
  until: Time.optional().meta({ description: "Made before then." }),
};

type Filter = z.output<z.ZodObject<typeof filterShape>>;

/** The filters as SQL takes them. */
export const sqlFilter = (environment: number, filter: Filter) => ({
  environment,
  state: filter.state ?? null,
  kind: filter.kind ?? null,
  connection: filter.connection_id ?? null,
  integration: filter.provider_config_key ?? null,
  url: filter.url ?? null,
  from: filter.from ?? null,
  until: filter.until ?? null,
});

const nullableTime = z.string().nullable();

export const ShownWebhook = z
  .strictObject({
    id: z.string().meta({ description: "What the receiver sees in the header webhook-id." }),
    number: z.number().int().meta({ description: "Its number in SQL and GraphQL; later ones have higher numbers." }),
    kind: Kind,
    url: z.string(),
    state: State.meta({ description: "dead: given up; it is sent again only by a replay." }),
    attempts: z.number().int().meta({ description: "Since it was made or replayed." }),
    next_attempt_at: nullableTime,
    created_at: z.string(),
    ended_at: nullableTime.meta({ description: "When it was delivered or given up." }),
    connection_id: z.string().nullable(),
    provider_config_key: z.string().nullable(),
    run_id: z.number().int().nullable(),
    event_id: z.string().nullable().meta({ description: "The provider's webhook that it passes on." }),
  })
  .meta({ id: "Webhook" });

const Attempt = z
  .strictObject({
    attempt: z.number().int(),
    at: z.string(),
    status: z.number().int().nullable(),
    ms: z.number().int(),
    error: z.string().nullable().meta({ description: "Why there was no answer." }),
  })
  .meta({ id: "WebhookAttempt" });

export const WholeWebhook = ShownWebhook.extend({
  body: z
    .record(z.string(), z.unknown())
    .meta({ description: "What is sent; of a forward the envelope, whose payload is that of the event." }),
  attempted: z.array(Attempt).meta({ description: "All attempts, the first one first." }),
  reasons: z
    .array(z.strictObject({ reason: z.string(), detail: z.string().nullable() }))
    .meta({ description: "Why it has not arrived, or that it has; the first is the one to look at." }),
}).meta({ id: "WebhookInFull" });

/** A row as it is shown: its public id is that of the header. */
export const showWebhook = <W extends Webhook>({ id: number, uid: id, ...row }: W) => ({ id, number, ...row });
