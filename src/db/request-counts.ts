// Bindings of sql/27_request_count.sql: what all API processes have counted, for the rate limit.
import { z } from "zod";
import { fn, rows } from "./fn.ts";

export const shareRequestCounts = fn(
  "share_request_counts",
  { windowStart: "timestamptz", buckets: "text[]", added: "int[]" },
  rows(z.object({ bucket: z.string(), requests: z.number() })),
);
