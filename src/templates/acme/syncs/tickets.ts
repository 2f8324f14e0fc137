// Tickets, all of them at each run, following the link to the next page. The shortest complete sync: a good one to start from.
import { createSync } from "syncline";
import { z } from "zod";

const Ticket = z.object({
  id: z.string(),
  subject: z.string(),
  status: z.string(),
  priority: z.string(),
  contact_id: z.string().nullable(),
});

type AcmeTicket = z.infer<typeof Ticket>;

const toTicket = ({ id, subject, status, priority, contact_id }: AcmeTicket) => ({
  id,
  subject,
  status,
  priority,
  contact_id,
});

export default createSync({
  description: "Tickets, page by page along the links Acme gives",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  syncType: "full",
  models: { Ticket },

  exec: async (nango) => {
    await nango.trackDeletesStart("Ticket");
    const pages = nango.paginate<AcmeTicket>({
      endpoint: "/v1/tickets",
      params: { per_page: 100 },
      // A link names the row it goes on after, so deletions in between do not move it, as they would an offset.
      paginate: { type: "link", link_path_in_response_body: "links.next", response_path: "tickets" },
      retries: 5,
    });
    for await (const page of pages) await nango.batchSave(page.map(toTicket), "Ticket");
    await nango.trackDeletesEnd("Ticket");
  },
});
