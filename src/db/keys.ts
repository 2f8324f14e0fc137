// Bindings of sql/08_key.sql: wrapped data keys.
import { z } from "zod";
import { fn, maybeRow, rows, value } from "./fn.ts";

const Wrapped = z.object({ wrapped: z.instanceof(Buffer), master_key_id: z.string() });
const Numbered = Wrapped.extend({ id: z.number() });

/** How many data keys of which owners a master key wraps. */
const Count = z.object({
  master_key: z.string(),
  environments: z.number(),
  connections: z.number(),
  oldest_at: z.string(),
  newest_at: z.string(),
});

export const findConnectionKey = fn("find_connection_key", { connection: "int" }, maybeRow(Wrapped));
export const findEnvironmentKey = fn("find_environment_key", { environment: "int" }, maybeRow(Wrapped));
export const listDataKeys = fn(
  "list_data_keys",
  { after: "int", limit: "int", connections: "boolean" },
  rows(Numbered),
);
export const lockKeysToWrap = fn(
  "lock_keys_to_wrap",
  { masterKeyId: "text", after: "int", limit: "int" },
  rows(Numbered),
);
export const wrapKeys = fn(
  "wrap_keys",
  { ids: "int[]", old: "bytea[]", new: "bytea[]", masterKeyId: "text" },
  value(z.number()),
);
/** In sql/88_ops.sql, as operators call it too. */
export const countDataKeys = fn("rotate_keys_status", {}, rows(Count));
