// Bindings of sql/61_auth.sql: who renews a connection's credentials, and what came of it.
import { z } from "zod";
import { fn, nothing, row, rows, value } from "./fn.ts";

const AuthError = z.looseObject({ type: z.string(), description: z.string() });

export const claimRenewal = fn(
  "claim_renewal",
  { connection: "int", seen: "int", isForced: "boolean", holder: "text" },
  row(
    z.object({
      verdict: z.enum(["granted", "wait", "fresh", "backoff", "exhausted", "gone"]),
      token: z.number().nullable(),
      version: z.number().nullable(),
      wait_ms: z.number(),
      error: AuthError.nullable(),
    }),
  ),
);
export const saveRenewal = fn(
  "save_renewal",
  {
    connection: "int",
    token: "bigint",
    sealed: "bytea",
    expireAt: "timestamptz",
    margin: "interval",
    config: "jsonb",
  },
  value(z.enum(["stored", "superseded", "gone"])),
);
export const keepCredentials = fn("keep_credentials", { connection: "int", token: "bigint" }, nothing());
export const failRenewal = fn(
  "fail_renewal",
  { connection: "int", token: "bigint", error: "jsonb", isFinal: "boolean" },
  value(z.boolean()),
);
export const giveBackRenewal = fn("give_back_renewal", { connection: "int", token: "bigint" }, nothing());
export const postponeAuthCheck = fn("postpone_auth_check", { connection: "int" }, nothing());
export const claimDueAuth = fn("claim_due_auth", { limit: "int" }, rows(z.object({ id: z.number() })));
export const announceFailedConnection = fn(
  "announce_failed_connection",
  {
    environment: "int",
    integration: "text",
    connection: "text",
    operation: "text",
    error: "jsonb",
    tags: "jsonb",
    endUser: "jsonb",
    authMode: "text?",
  },
  value(z.number()),
);
