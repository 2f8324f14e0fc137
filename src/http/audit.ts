// GET /audit-log: who changed the configuration, and who was shown credentials.
import { z } from "zod";
import { ACTOR_KINDS, listAudit } from "../db/audit.ts";
import type { HttpDeps } from "./deps.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { Time } from "./patterns.ts";

const NAME = z.string().min(1).max(600);

/** What is named as `kind` or `kind:name`; a name may hold colons. */
const ofKind = (text: string): { kind: string; name: string | null } => {
  const at = text.indexOf(":");
  return at < 0 ? { kind: text, name: null } : { kind: text.slice(0, at), name: text.slice(at + 1) };
};

const Query = z.strictObject({
  actor: NAME.optional().meta({
    description: `A kind (${ACTOR_KINDS.join(", ")}), or one of it by number or name: \`api_key:3\`, \`operator:ann\`.`,
  }),
  action: NAME.optional().meta({ description: "Such as `connection.deleted`." }),
  subject: NAME.optional().meta({
    description: "A kind, or one of it by number or name: `connection`, `connection:hubspot/acme`.",
  }),
  since: Time.optional().meta({ description: "Then or later." }),
  until: Time.optional().meta({ description: "Before then." }),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.coerce
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: "`next_cursor` of the page before." }),
});

const Entry = z
  .strictObject({
    id: z.number().int(),
    at: z.string(),
    actor_kind: z.enum(ACTOR_KINDS),
    actor_id: z.string().nullable().meta({ description: "The number of the key, session or run; an operator's role." }),
    actor_name: z.string().nullable(),
    ip: z.string().nullable().meta({ description: "Where the request came from." }),
    action: z.string(),
    subject_kind: z.string(),
    subject_id: z.string().nullable(),
    subject_name: z.string().nullable().meta({ description: "Its name of then." }),
    fields: z.array(z.string()).meta({ description: "The fields that changed; their values are not kept." }),
  })
  .meta({ id: "AuditEntry" });

const Page = z.strictObject({
  entries: z.array(Entry),
  next_cursor: z.string().nullable().meta({ description: "Null on the last page." }),
});

/** The audit log, a page by one statement. */
export const auditEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/audit-log",
      tag: "Audit log",
      says: "Who did what, the newest first",
      more: "Every change of configuration and every look at credentials. Entries cannot be changed or deleted; they go after 400 days, or as long as the server's owner sets.",
      scope: "audit_log:read",
      query: Query,
      answers: { 200: { says: "A page.", body: Page } },
    },
    async ({ environment, query }) => {
      const { limit, cursor } = query;
      const [actor, subject] = [query.actor, query.subject].map((text) => (text === undefined ? null : ofKind(text)));
      const found = await listAudit(db, {
        environment: environment.id,
        actorKind: actor?.kind ?? null,
        actor: actor?.name ?? null,
        action: query.action ?? null,
        subjectKind: subject?.kind ?? null,
        subject: subject?.name ?? null,
        since: query.since ?? null,
        until: query.until ?? null,
        before: cursor ?? null,
        limit: limit + 1,
      });
      const entries = found.slice(0, limit);
      return { entries, next_cursor: found.length > limit ? String(entries.at(-1)!.id) : null };
    },
  ),
];
