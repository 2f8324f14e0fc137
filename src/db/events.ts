// Bindings of sql/86_inbox_ops.sql and 87_inbox_read.sql: webhooks that providers sent, shown and handled once more.
import { z } from "zod";
import { fn, maybeRow, nothing, rows, value } from "./fn.ts";

const Summary = z.object({
  id: z.number(),
  uid: z.string(),
  provider_config_key: z.string(),
  provider: z.string(),
  received_at: z.string(),
  verdict: z.enum(["verified", "unverified", "refused"]),
  reason: z.string().nullable(),
  delivery_id: z.string().nullable(),
  events: z.array(z.string()),
  bytes: z.number(),
  state: z.enum(["waiting", "handled", "refused"]),
  matched: z.number().nullable(),
  replays: z.number(),
  duplicates: z.number(),
  handled_at: z.string().nullable(),
  has_content: z.boolean(),
});

const Listed = Summary.extend({ connections: z.array(z.string()) });

const Match = z.object({
  connection_id: z.string(),
  provider_config_key: z.string(),
  parts: z.array(z.number()),
  is_manual: z.boolean(),
});

const Call = z.object({
  id: z.number(),
  sync: z.string(),
  connection_id: z.string(),
  subscription: z.string(),
  part: z.number(),
  replay: z.number(),
  state: z.enum(["waiting", "running", "done", "failed"]),
  attempts: z.number(),
  run_id: z.number().nullable(),
  error: z.unknown(),
  due_at: z.string().nullable(),
  ended_at: z.string().nullable(),
});

const Forward = z.object({
  id: z.number(),
  uid: z.string(),
  connection_id: z.string().nullable(),
  url: z.string(),
  state: z.enum(["pending", "delivered", "dead"]),
  attempts: z.number(),
  next_attempt_at: z.string().nullable(),
  ended_at: z.string().nullable(),
});

const Reason = z.object({ reason: z.string(), detail: z.string(), remedy: z.string().nullable() });

const Whole = Summary.extend({
  integration_id: z.number(),
  replay_target: z.enum(["functions", "forwards"]).nullable(),
  last_duplicate_at: z.string().nullable(),
  parts: z.array(z.unknown()),
  content_sealed: z.instanceof(Buffer).nullable(),
  matches: z.array(Match),
  calls: z.array(Call),
  forwards: z.array(Forward),
  why: z.array(Reason),
});

/** What the API shows of an event, by part. */
export const EVENT_SHAPES = { Match, Call, Forward, Reason };

export type ListedEvent = z.infer<typeof Listed>;
export type WholeEvent = z.infer<typeof Whole>;

export const listEvents = fn(
  "list_events",
  {
    environment: "int",
    state: "text",
    verdict: "text",
    isMatched: "boolean",
    integration: "text",
    connection: "text",
    event: "text",
    isFailed: "boolean",
    from: "timestamptz",
    until: "timestamptz",
    before: "bigint",
    limit: "int",
  },
  rows(Listed),
);
export const findEvent = fn("find_event", { environment: "int", uid: "uuid" }, value(z.number()));
export const getEvent = fn("get_event", { environment: "int", uid: "uuid" }, maybeRow(Whole));

const HOURS = {
  environment: "int",
  from: "timestamptz",
  until: "timestamptz",
  integration: "text",
  connection: "text",
  only: "text",
  target: "text",
} as const;

export const replayEvent = fn("replay_event", { event: "bigint" }, value(z.boolean()));
export const replayEvents = fn("replay_events", HOURS, value(z.number()));
export const countReplay = fn("count_replay", HOURS, value(z.number()));
export const attributeEvent = fn("attribute_event", { event: "bigint", connection: "int" }, value(z.boolean()));
export const retryWebhookCall = fn("retry_webhook_call", { call: "bigint" }, value(z.boolean()));
export const acceptRefused = fn(
  "accept_refused",
  { event: "bigint", verdict: "text", deliveryId: "text", dedupeKey: "bytea", parts: "jsonb" },
  nothing,
);
