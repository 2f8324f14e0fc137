// Bindings of sql/06_audit.sql and 93_audit.sql: who did what.
import { z } from "zod";
import { fn, nothing, rows, value } from "./fn.ts";

export const ACTOR_KINDS = [
  "api_key",
  "account_key",
  "connect_session",
  "run",
  "graphql",
  "operator",
  "system",
] as const;

const Entry = z.object({
  id: z.number(),
  at: z.string(),
  actor_kind: z.enum(ACTOR_KINDS),
  actor_id: z.string().nullable(),
  actor_name: z.string().nullable(),
  ip: z.string().nullable(),
  action: z.string(),
  subject_kind: z.string(),
  subject_id: z.string().nullable(),
  subject_name: z.string().nullable(),
  fields: z.array(z.string()),
});

export const writeAudit = fn(
  "write_audit",
  { environment: "int", action: "text", subjectKind: "text", subjectId: "text", subjectName: "text" },
  nothing(),
);
/** `reader` is whoever is shown the credentials of a connection. */
export const noteReader = fn(
  "note_reader",
  { environment: "int", connection: "int", name: "text", reader: "jsonb" },
  value(z.literal(true)),
);
export const listAudit = fn(
  "list_audit",
  {
    environment: "int",
    actorKind: "text",
    actor: "text",
    action: "text",
    subjectKind: "text",
    subject: "text",
    since: "timestamptz",
    until: "timestamptz",
    before: "bigint",
    limit: "int",
  },
  rows(Entry),
);
