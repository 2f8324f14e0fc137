// Bindings of sql/69_record_view.sql and 70_make_record_view.sql: the views of schema records, which follow what is deployed.
import { z } from "zod";
import { fn, rows, value } from "./fn.ts";

const Outcome = z.enum(["made", "dropped", "unchanged", "busy", "kept", "taken"]);

export const staleRecordViews = fn(
  "stale_record_views",
  {},
  rows(z.object({ view_name: z.string(), wanted_hash: z.string().nullable() })),
);
/** In a transaction of its own: it holds the view's lock, and others wait behind it. */
export const makeRecordView = fn("make_record_view", { view: "text" }, value(Outcome));
