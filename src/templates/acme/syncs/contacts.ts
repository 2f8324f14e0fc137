// Contacts, incrementally: each run asks only for what changed or was deleted since the run before.
import { createSync } from "syncline";
import { z } from "zod";

const Contact = z.object({
  id: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
  status: z.string(),
  company_id: z.string().nullable(),
  updated_at: z.string(),
});

type AcmeContact = z.infer<typeof Contact>;
type AcmeDeletion = { id: string; deleted_at: string };

const THE_BEGINNING = "1970-01-01T00:00:00.000Z";

const toContact = ({ id, first_name, last_name, email, status, company_id, updated_at }: AcmeContact) => ({
  id,
  first_name,
  last_name,
  email,
  status,
  company_id,
  updated_at,
});

const cursorPages = {
  type: "cursor",
  cursor_name_in_request: "cursor",
  cursor_path_in_response: "next_cursor",
  response_path: "data",
  limit_name_in_request: "limit",
  limit: 100,
} as const;

export default createSync({
  description: "Contacts, kept up to date by asking for changes only",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true, // runs as soon as a customer connects
  syncType: "incremental",
  models: { Contact },
  checkpoint: z.object({ updated_since: z.string(), deleted_since: z.string() }),

  exec: async (nango) => {
    const saved = await nango.getCheckpoint();
    const checkpoint = saved ?? { updated_since: THE_BEGINNING, deleted_since: THE_BEGINNING };

    // With updated_since Acme lists the oldest change first, so the last row of a page is how far we are.
    const changed = nango.paginate<AcmeContact>({
      endpoint: "/v1/contacts",
      params: { updated_since: checkpoint.updated_since },
      paginate: cursorPages,
      retries: 5,
    });
    for await (const page of changed) {
      await nango.batchSave(page.map(toContact), "Contact");
      checkpoint.updated_since = page.at(-1)?.updated_at ?? checkpoint.updated_since;
      // This commits the page and the checkpoint together: a run that dies here goes on here.
      await nango.saveCheckpoint(checkpoint);
    }

    // Deletions last: a contact that was changed and then deleted ends up deleted.
    const deleted = nango.paginate<AcmeDeletion>({
      endpoint: "/v1/deleted",
      params: { kind: "contacts", since: checkpoint.deleted_since },
      paginate: cursorPages,
      retries: 5,
    });
    for await (const page of deleted) {
      await nango.batchDelete(
        page.map(({ id }) => ({ id })),
        "Contact",
      );
      checkpoint.deleted_since = page.at(-1)?.deleted_at ?? checkpoint.deleted_since;
      await nango.saveCheckpoint(checkpoint);
    }
  },
});
