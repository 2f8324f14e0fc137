// Zendesk groups: all of them each time, with those deleted there marked as such.
import { createSync } from "syncline";
import { z } from "zod";

const Group = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  isDefault: z.boolean(),
  isDeleted: z.boolean(),
  isPublic: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string(),
  url: z.string(),
});

type Row = {
  id: number;
  name: string;
  description: string | null;
  default: boolean;
  deleted: boolean;
  is_public: boolean;
  created_at: string;
  updated_at: string;
  url: string;
};

const toGroup = (row: Row): z.infer<typeof Group> => ({
  id: String(row.id),
  name: row.name,
  description: row.description || undefined, // Zendesk has "" for none
  isDefault: row.default,
  isDeleted: row.deleted,
  isPublic: row.is_public,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  url: row.url,
});

export default createSync({
  description: "All groups of Zendesk each time. Deleted ones have isDeleted while Zendesk lists them.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["read"],
  models: { Group },
  exec: async (nango) => {
    await nango.trackDeletesStart("Group");
    const pages = nango.paginate<Row>({
      endpoint: "/api/v2/groups",
      params: { exclude_deleted: false },
      paginate: {
        type: "offset",
        offset_name_in_request: "page",
        offset_start_value: 1,
        offset_calculation_method: "per-page",
        response_path: "groups",
        limit_name_in_request: "per_page",
        limit: 100,
      },
      retries: 3,
    });
    for await (const page of pages) await nango.batchSave(page.map(toGroup), "Group");
    await nango.trackDeletesEnd("Group");
  },
});
