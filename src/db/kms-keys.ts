// Bindings of sql/09_kms_key.sql: key-encryption keys that a key management service opens.
import { z } from "zod";
import { fn, maybeRow, nothing, value } from "./fn.ts";

const Key = z.object({ wrapped: z.instanceof(Buffer), wrapped_by: z.string(), installation: z.string() });

export const chooseInstallation = fn("choose_installation", {}, value(z.string()));
export const findKmsKey = fn("find_kms_key", { name: "text" }, maybeRow(Key));
export const keepKmsKey = fn(
  "keep_kms_key",
  { name: "text", wrapped: "bytea", wrappedBy: "text", installation: "uuid" },
  nothing(),
);
