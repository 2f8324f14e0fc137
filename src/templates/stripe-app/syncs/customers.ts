// Stripe customers: all of them each time, because Stripe lists them by creation and not by change.
import { createSync } from "syncline";
import { z } from "zod";
import { ifStillThere, pagesOf } from "../helpers/list.ts";

const ENDPOINT = "/v1/customers";

const Address = z.object({
  city: z.string().nullable(),
  country: z.string().nullable(),
  line1: z.string().nullable(),
  line2: z.string().nullable(),
  postal_code: z.string().nullable(),
  state: z.string().nullable(),
});

const InvoiceSettings = z.object({
  custom_fields: z.array(z.object({ name: z.string(), value: z.string() })).nullable(),
  default_payment_method: z.string().nullable(),
  footer: z.string().nullable(),
  rendering_options: z.record(z.string(), z.unknown()).nullable(),
});

const Customer = z.object({
  id: z.string(),
  object: z.string(),
  address: Address.nullable(),
  balance: z.number(),
  created: z.number(),
  currency: z.string().nullable(),
  default_source: z.string().nullable(),
  delinquent: z.boolean().nullable(),
  description: z.string().nullable(),
  email: z.string().nullable(),
  invoice_prefix: z.string().nullable(),
  invoice_settings: InvoiceSettings,
  livemode: z.boolean(),
  metadata: z.record(z.string(), z.string()),
  name: z.string().nullable(),
  next_invoice_sequence: z.number().optional(),
  phone: z.string().nullable(),
  preferred_locales: z.array(z.string()).nullable(),
  shipping: z.record(z.string(), z.unknown()).nullable(),
  tax_exempt: z.string().nullable(),
  test_clock: z.string().nullable(),
});

type Row = z.infer<typeof Customer>;

const toCustomer = (row: Row): Row => ({
  id: row.id,
  object: row.object,
  address: row.address,
  balance: row.balance,
  created: row.created,
  currency: row.currency,
  default_source: row.default_source,
  delinquent: row.delinquent,
  description: row.description,
  email: row.email,
  invoice_prefix: row.invoice_prefix,
  invoice_settings: row.invoice_settings,
  livemode: row.livemode,
  metadata: row.metadata,
  name: row.name,
  next_invoice_sequence: row.next_invoice_sequence,
  phone: row.phone,
  preferred_locales: row.preferred_locales,
  shipping: row.shipping,
  tax_exempt: row.tax_exempt,
  test_clock: row.test_clock,
});

export default createSync({
  description: "All customers of Stripe each time; customers deleted there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["customer_read"],
  checkpoint: z.object({ after: z.string() }),
  models: { Customer },
  exec: async (nango) => {
    const saved = (await nango.getCheckpoint())?.after;
    const after = await ifStillThere(nango, ENDPOINT, saved);
    if (after !== saved) await nango.clearCheckpoint();
    await nango.trackDeletesStart("Customer");
    for await (const { rows, last } of pagesOf<Row>(nango, { endpoint: ENDPOINT, after })) {
      await nango.batchSave(rows.map(toCustomer), "Customer");
      if (last !== undefined) await nango.saveCheckpoint({ after: last });
    }
    // In this order: a checkpoint that outlived the end would let the next run see, and keep, the last pages only.
    await nango.clearCheckpoint();
    await nango.trackDeletesEnd("Customer");
  },
});
