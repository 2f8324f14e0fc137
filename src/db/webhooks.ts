// Bindings of sql/93_webhook_list.sql and 93_api_webhook_mutation.sql: the app's webhooks and their endpoints, as they are looked at.
import { z } from "zod";
import { fn, maybeRow, rows, value } from "./fn.ts";

export const State = z.enum(["pending", "delivered", "dead"]);
export const Kind = z.enum(["sync", "auth", "forward", "async_action", "deletes_need_approval"]);

const Webhook = z.object({
  id: z.number(),
  uid: z.string(),
  kind: Kind,
  url: z.string(),
  state: State,
  attempts: z.number(),
  next_attempt_at: z.string().nullable(),
  created_at: z.string(),
  ended_at: z.string().nullable(),
  connection_id: z.string().nullable(),
  provider_config_key: z.string().nullable(),
  run_id: z.number().nullable(),
  event_id: z.string().nullable(),
});

const Attempt = z.object({
  attempt: z.number(),
  at: z.string(),
  status: z.number().nullable(),
  ms: z.number(),
  error: z.string().nullable(),
});

const Endpoint = z.object({
  id: z.number().nullable(),
  url: z.string(),
  status: z.enum(["paused", "resting", "blocked", "dead ones", "retrying", "sending", "ok"]),
  pending: z.number(),
  retrying: z.number(),
  dead: z.number(),
  delivered: z.number(),
  oldest_pending_at: z.string().nullable(),
  paused_at: z.string().nullable(),
  probe_at: z.string().nullable(),
  blocked_until: z.string().nullable(),
  failures_in_a_row: z.number(),
  p50_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
  last_success_at: z.string().nullable(),
  last_failure_at: z.string().nullable(),
  last_status: z.number().nullable(),
  last_error: z.string().nullable(),
});

/** A webhook in a list. */
export type Webhook = z.infer<typeof Webhook>;

const filters = {
  environment: "int",
  state: "text",
  kind: "text",
  connection: "text",
  integration: "text",
  url: "text",
  from: "timestamptz",
  until: "timestamptz",
} as const;

export const listWebhooks = fn("list_webhooks", { ...filters, before: "bigint", limit: "int" }, rows(Webhook));
export const countWebhooks = fn("count_webhooks", filters, value(z.number()));
export const findWebhook = fn("find_webhook", { environment: "int", uid: "uuid" }, value(z.number().nullable()));
export const getWebhook = fn(
  "get_webhook",
  { environment: "int", uid: "uuid" },
  maybeRow(
    Webhook.extend({
      body: z.record(z.string(), z.unknown()),
      attempted: z.array(Attempt),
      reasons: z.array(z.object({ reason: z.string(), detail: z.string().nullable() })),
    }),
  ),
);
export const listWebhookEndpoints = fn("list_webhook_endpoints", { environment: "int" }, rows(Endpoint));
export const findEndpoint = fn("find_endpoint", { environment: "int", id: "int" }, value(z.number().nullable()));
