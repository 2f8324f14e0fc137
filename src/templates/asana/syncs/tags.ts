// Asana tags of all workspaces the connected user is in: all of them each time, as Asana cannot list changed ones.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const FIELDS = "gid,name,color,notes,created_at,permalink_url,workspace";

const Tag = z.object({
  id: z.string(),
  name: z.string(),
  color: z.string().optional(),
  notes: z.string().optional(),
  created_at: z.string().optional(),
  workspace_gid: z.string(),
  permalink_url: z.string().optional(),
});

type Workspace = { gid: string };

type Row = {
  gid: string;
  name: string;
  color?: string | null;
  notes?: string | null;
  created_at?: string;
  permalink_url?: string;
};

const toTag = (workspace: Workspace, row: Row): z.infer<typeof Tag> => ({
  id: row.gid,
  name: row.name,
  color: row.color ?? undefined,
  notes: row.notes ?? undefined,
  created_at: row.created_at,
  workspace_gid: workspace.gid,
  permalink_url: row.permalink_url,
});

/** Without a limit Asana sends everything at once, or an error where that is too much. */
const pagesOf = <T>(nango: NangoBase, endpoint: string, opt_fields: string): AsyncGenerator<T[]> =>
  nango.paginate<T>({
    endpoint,
    params: { opt_fields },
    paginate: {
      type: "cursor",
      cursor_name_in_request: "offset",
      cursor_path_in_response: "next_page.offset",
      response_path: "data",
      limit_name_in_request: "limit",
      limit: 100,
    },
    retries: 3,
  });

export default createSync({
  description: "All tags of all Asana workspaces the user is in each time; tags deleted there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["workspaces:read", "tags:read"],
  models: { Tag },
  exec: async (nango) => {
    await nango.trackDeletesStart("Tag");
    for await (const workspaces of pagesOf<Workspace>(nango, "/api/1.0/workspaces", "gid,name")) {
      for (const workspace of workspaces) {
        const endpoint = `/api/1.0/workspaces/${workspace.gid}/tags`;
        for await (const page of pagesOf<Row>(nango, endpoint, FIELDS)) {
          const tags = page.map((row) => toTag(workspace, row));
          await nango.batchSave(tags, "Tag");
        }
      }
    }
    await nango.trackDeletesEnd("Tag");
  },
});
