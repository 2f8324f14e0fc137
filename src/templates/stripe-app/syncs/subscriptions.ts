// Stripe subscriptions, ended ones too: all of them each time, because Stripe lists them by creation and not by change.
import { createSync } from "syncline";
import { z } from "zod";
import { ifStillThere, pagesOf } from "../helpers/list.ts";

const ENDPOINT = "/v1/subscriptions";

const Subscription = z.object({
  id: z.string(),
  status: z.string(),
  customer: z.string(),
  created: z.number(),
  cancel_at_period_end: z.boolean(),
  canceled_at: z.number().optional(),
  ended_at: z.number().optional(),
  collection_method: z.string(),
  currency: z.string(),
  description: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
  items: z.array(
    z.object({ id: z.string(), price_id: z.string(), product_id: z.string(), quantity: z.number().optional() }),
  ),
});

type Row = {
  id: string;
  status: string;
  customer: string;
  created: number;
  cancel_at_period_end: boolean;
  canceled_at: number | null;
  ended_at: number | null;
  collection_method: string;
  currency: string;
  description: string | null;
  metadata: Record<string, string>;
  /** A subscription has at most 20, and they come all with it. `quantity` is missing of what is paid by use. */
  items: { data: { id: string; price: { id: string; product: string }; quantity?: number }[] };
};

const toSubscription = (row: Row): z.infer<typeof Subscription> => ({
  id: row.id,
  status: row.status,
  customer: row.customer,
  created: row.created,
  cancel_at_period_end: row.cancel_at_period_end,
  canceled_at: row.canceled_at ?? undefined,
  ended_at: row.ended_at ?? undefined,
  collection_method: row.collection_method,
  currency: row.currency,
  description: row.description ?? undefined,
  metadata: row.metadata,
  items: row.items.data.map(({ id, price, quantity }) => ({
    id,
    price_id: price.id,
    product_id: price.product,
    quantity,
  })),
});

export default createSync({
  description: "All subscriptions of Stripe each time. Ended ones stay, those deleted with their test clock do not.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["subscription_read"],
  checkpoint: z.object({ after: z.string() }),
  models: { Subscription },
  exec: async (nango) => {
    const saved = (await nango.getCheckpoint())?.after;
    const after = await ifStillThere(nango, ENDPOINT, saved);
    if (after !== saved) await nango.clearCheckpoint();
    await nango.trackDeletesStart("Subscription");
    // Without a status Stripe leaves out the cancelled ones: each would be deleted the moment it is cancelled.
    const list = { endpoint: ENDPOINT, params: { status: "all" }, after };
    for await (const { rows, last } of pagesOf<Row>(nango, list)) {
      await nango.batchSave(rows.map(toSubscription), "Subscription");
      if (last !== undefined) await nango.saveCheckpoint({ after: last });
    }
    // In this order: a checkpoint that outlived the end would let the next run see, and keep, the last pages only.
    await nango.clearCheckpoint();
    await nango.trackDeletesEnd("Subscription");
  },
});
