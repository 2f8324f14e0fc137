// Three syncs that mirror the bundled provider in three ways: changes and a deleted feed; a full refresh by links with
// checkpoints; a full refresh by offsets without.
const HEAD = `
import { createSync } from "syncline";
import * as z from "zod";
const models = (name) => ({ [name]: z.object({ id: z.string() }) });
const common = { description: "A mirror", version: "1.0.0", frequency: "every day", autoStart: true };
`;

export const MIRRORS = {
  "acme/syncs/contacts.ts": `${HEAD}
const pages = { type: "cursor", cursor_name_in_request: "cursor", cursor_path_in_response: "next_cursor", response_path: "data", limit: 20, limit_name_in_request: "limit" };
export default createSync({
  ...common,
  models: models("Contact"),
  checkpoint: z.object({ since: z.string(), deletedSince: z.string() }),
  exec: async (nango) => {
    const start = "2000-01-01T00:00:00.000Z";
    const at = (await nango.getCheckpoint()) ?? { since: start, deletedSince: start };
    const changed = { endpoint: "/v1/contacts", params: { updated_since: at.since }, paginate: pages, retries: 3 };
    for await (const page of nango.paginate(changed)) {
      await nango.batchSave(page, "Contact");
      at.since = page.at(-1).updated_at;
      await nango.saveCheckpoint(at);
    }
    const deleted = { endpoint: "/v1/deleted", params: { kind: "contacts", since: at.deletedSince }, paginate: pages };
    for await (const page of nango.paginate(deleted)) {
      await nango.batchDelete(page, "Contact");
      at.deletedSince = page.at(-1).deleted_at;
      await nango.saveCheckpoint(at);
    }
  },
});`,
  "acme/syncs/tickets.ts": `${HEAD}
export default createSync({
  ...common,
  trackDeletes: true,
  models: models("Ticket"),
  checkpoint: z.object({ next: z.string() }),
  exec: async (nango) => {
    let next = (await nango.getCheckpoint())?.next ?? "/v1/tickets?limit=20";
    for (;;) {
      const { data } = await nango.get({ endpoint: next });
      await nango.batchSave(data.tickets, "Ticket");
      if (!data.links.next) break;
      const link = new URL(data.links.next);
      next = link.pathname + link.search;
      await nango.saveCheckpoint({ next });
    }
    await nango.clearCheckpoint();
  },
});`,
  "acme/syncs/companies.ts": `${HEAD}
export default createSync({
  ...common,
  trackDeletes: true,
  models: models("Company"),
  exec: async (nango) => {
    for (let offset = 0; ; offset += 20) {
      const { data } = await nango.get({ endpoint: "/v1/companies", params: { limit: 20, offset } });
      await nango.batchSave(data.companies, "Company");
      if (data.companies.length < 20) return;
    }
  },
});`,
};

export const MODELS = [
  { model: "Contact", kind: "contacts" },
  { model: "Ticket", kind: "tickets" },
  { model: "Company", kind: "companies" },
] as const;
