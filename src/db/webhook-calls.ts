// Bindings of sql/21_webhook_take.sql and 36_inbox_handling.sql: from what a provider sent to the calls of onWebhook.
import { z } from "zod";
import { fn, row, rows } from "./fn.ts";

/** Handle the next webhooks of one integration. */
export const handleInbox = fn(
  "handle_inbox",
  { limit: "int" },
  row(z.object({ handled: z.number(), forwards: z.number(), has_more: z.boolean() })),
);

export const takeWebhookCalls = fn(
  "take_webhook_calls",
  { run: "bigint", token: "bigint", most: "int" },
  rows(
    z.object({
      entry: z.enum(["onWebhook", "onWebhookBatch"]),
      inbox_uid: z.string(),
      part: z.unknown(),
      content_sealed: z.instanceof(Buffer).nullable(),
    }),
  ),
);
