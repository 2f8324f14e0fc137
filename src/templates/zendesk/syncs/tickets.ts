// Zendesk tickets, by the incremental export: what changed since the end of the last page, deletions too.
import { createSync } from "syncline";
import { z } from "zod";

const Ticket = z.object({
  id: z.string(),
  url: z.string(),
  external_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  type: z.string(),
  subject: z.string(),
  description: z.string(),
  priority: z.string(),
  status: z.string(),
  recipient: z.string(),
  requester_id: z.string(),
  submitter_id: z.string(),
  assignee_id: z.string(),
  organization_id: z.string(),
  group_id: z.string(),
  collaborator_ids: z.array(z.string()),
  tags: z.array(z.string()),
  has_incidents: z.boolean(),
  is_public: z.boolean(),
  due_at: z.string(),
  custom_fields: z.array(z.object({ id: z.number(), value: z.unknown() })),
  ticket_form_id: z.string(),
  brand_id: z.string(),
});

type Maybe<T> = T | null | undefined;

type Row = {
  id: number;
  url: string;
  external_id: Maybe<string>;
  created_at: string;
  updated_at: string;
  type: Maybe<string>;
  subject: Maybe<string>;
  description: Maybe<string>;
  priority: Maybe<string>;
  status: string;
  recipient: Maybe<string>;
  requester_id: Maybe<number>;
  submitter_id: Maybe<number>;
  assignee_id: Maybe<number>;
  organization_id: Maybe<number>;
  group_id: Maybe<number>;
  collaborator_ids: Maybe<number[]>;
  tags: Maybe<string[]>;
  has_incidents: Maybe<boolean>;
  is_public: Maybe<boolean>;
  due_at: Maybe<string>;
  custom_fields: Maybe<{ id: number; value: unknown }[]>;
  ticket_form_id: Maybe<number>;
  brand_id: Maybe<number>;
};

type Page = { tickets: Row[]; end_time: number | null; end_of_stream: boolean };

const text = (value: Maybe<string | number>): string => (value === null || value === undefined ? "" : String(value));

const toTicket = (row: Row): z.infer<typeof Ticket> => ({
  id: String(row.id),
  url: row.url,
  external_id: text(row.external_id),
  created_at: row.created_at,
  updated_at: row.updated_at,
  type: text(row.type),
  subject: text(row.subject),
  description: text(row.description),
  priority: text(row.priority),
  status: row.status,
  recipient: text(row.recipient),
  requester_id: text(row.requester_id),
  submitter_id: text(row.submitter_id),
  assignee_id: text(row.assignee_id),
  organization_id: text(row.organization_id),
  group_id: text(row.group_id),
  collaborator_ids: (row.collaborator_ids ?? []).map(String),
  tags: row.tags ?? [],
  has_incidents: row.has_incidents ?? false,
  is_public: row.is_public ?? false,
  due_at: text(row.due_at),
  custom_fields: row.custom_fields ?? [],
  ticket_form_id: text(row.ticket_form_id),
  brand_id: text(row.brand_id),
});

export default createSync({
  description: "Tickets of Zendesk, new, changed and deleted ones each time. Fields without a value are empty texts.",
  version: "1.0.0",
  frequency: "every 5 minutes",
  autoStart: true,
  scopes: ["read"],
  checkpoint: z.object({ start_time: z.number() }),
  models: { Ticket },
  exec: async (nango) => {
    let since = (await nango.getCheckpoint())?.start_time ?? 0;
    for (;;) {
      const { data } = await nango.get<Page>({
        endpoint: "/api/v2/incremental/tickets",
        params: { start_time: since },
        retries: 10, // ten exports a minute are allowed; the wait is in Retry-After
      });
      const isDeleted = ({ status }: Row) => status === "deleted";
      await nango.batchSave(data.tickets.filter((row) => !isDeleted(row)).map(toTicket), "Ticket");
      await nango.batchDelete(data.tickets.filter(isDeleted).map(toTicket), "Ticket");
      const end = data.end_time ?? since; // null when nothing changed
      if (end > since) await nango.saveCheckpoint({ start_time: end });
      if (data.end_of_stream || end <= since) return;
      since = end;
    }
  },
});
