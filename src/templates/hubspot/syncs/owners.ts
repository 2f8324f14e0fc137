// HubSpot owners: the users that records can be assigned to. There are few, so all are read each time.
import { createSync } from "syncline";
import { z } from "zod";

const Owner = z.object({
  id: z.string(),
  email: z.string().optional(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  userId: z.number().optional(),
  archived: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

type Row = {
  id: string;
  email?: string | null;
  firstName?: string | null;
  lastName?: string | null;
  userId?: number | null;
  archived: boolean;
  createdAt: string;
  updatedAt: string;
};

const toOwner = (row: Row): z.infer<typeof Owner> => ({
  id: row.id,
  email: row.email ?? undefined,
  firstName: row.firstName ?? undefined,
  lastName: row.lastName ?? undefined,
  userId: row.userId ?? undefined,
  archived: row.archived,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

export default createSync({
  description: "All owners of HubSpot each time; owners removed there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["oauth", "crm.objects.owners.read"],
  models: { Owner },
  exec: async (nango) => {
    await nango.trackDeletesStart("Owner");
    const pages = nango.paginate<Row>({
      endpoint: "/crm/v3/owners",
      paginate: {
        type: "cursor",
        cursor_name_in_request: "after",
        cursor_path_in_response: "paging.next.after",
        response_path: "results",
        limit_name_in_request: "limit",
        limit: 100,
      },
      retries: 3,
    });
    for await (const page of pages) await nango.batchSave(page.map(toOwner), "Owner");
    await nango.trackDeletesEnd("Owner");
  },
});
