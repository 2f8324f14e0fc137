// Bindings of sql/80_delivery.sql and 88_webhook_ops.sql: sending what the outbox holds, and sending it again.
import { z } from "zod";
import { fn, maybeRow, rows, value } from "./fn.ts";

const Claimed = z.object({
  id: z.number(),
  token: z.number(),
  uid: z.string(),
  attempt: z.number(),
  kind: z.string(),
  url: z.string(),
  body: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  environment_id: z.number(),
  connection_id: z.number().nullable(),
  run_id: z.number().nullable(),
  inbox_id: z.number().nullable(),
  signing_key_sealed: z.instanceof(Buffer),
});

/** A webhook to send now. */
export type ClaimedDelivery = z.infer<typeof Claimed>;

export const claimDeliveries = fn("claim_deliveries", { limit: "int" }, rows(Claimed));
export const finishDelivery = fn(
  "finish_delivery",
  { id: "bigint", token: "bigint", status: "int", ms: "int", error: "text", retryAfter: "interval" },
  value(z.enum(["delivered", "dead", "pending"]).nullable()),
);
export const giveUpDelivery = fn(
  "give_up_delivery",
  { id: "bigint", token: "bigint", error: "text" },
  value(z.literal("dead").nullable()),
);

const Forwarded = z.object({
  uid: z.string(),
  content_sealed: z.instanceof(Buffer),
  parts: z.array(z.unknown()),
  mine: z.array(z.number()),
});

export const findForwarded = fn("find_forwarded", { id: "bigint" }, maybeRow(Forwarded));
export const ringDeliveries = fn("ring_deliveries", {}, value(z.boolean()));
export const replayWebhook = fn("replay_webhook", { id: "bigint" }, value(z.boolean()));
export const replayDelivery = fn("replay_delivery", { id: "bigint" }, value(z.boolean()));
export const replayWebhooks = fn(
  "replay_webhooks",
  {
    environment: "int",
    from: "timestamptz?",
    until: "timestamptz?",
    state: "text?",
    kind: "text?",
    url: "text?",
    connection: "int?",
  },
  value(z.number()),
);
export const pauseEndpoint = fn("pause_endpoint", { id: "int" }, value(z.boolean()));
export const resumeEndpoint = fn("resume_endpoint", { id: "int" }, value(z.boolean()));
export const probeEndpoint = fn("probe_endpoint", { id: "int" }, value(z.boolean()));
