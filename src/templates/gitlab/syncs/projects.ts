// GitLab projects the connected user is a member of, in the order of their last activity.
import { createSync } from "syncline";
import { z } from "zod";

const PAGE = 100;

const Project = z.object({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  path_with_namespace: z.string(),
  description: z.string().optional(),
  web_url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  last_activity_at: z.string(),
  visibility: z.string(),
  default_branch: z.string().optional(),
  archived: z.boolean(),
  topics: z.array(z.string()),
  namespace_id: z.number(),
  namespace_name: z.string(),
  namespace_path: z.string(),
  owner_id: z.number().optional(),
  owner_username: z.string().optional(),
  star_count: z.number(),
  forks_count: z.number(),
  open_issues_count: z.number().optional(),
});

type Row = {
  id: number;
  name: string;
  path: string;
  path_with_namespace: string;
  description: string | null;
  web_url: string;
  created_at: string;
  updated_at: string;
  last_activity_at: string;
  visibility: string;
  default_branch: string | null;
  archived: boolean;
  topics: string[];
  namespace: { id: number; name: string; path: string };
  /** Only of projects in a user's own namespace. */
  owner?: { id: number; username: string };
  star_count: number;
  forks_count: number;
  /** Absent where issues are disabled. */
  open_issues_count?: number;
};

const toProject = (row: Row): z.infer<typeof Project> => ({
  id: String(row.id),
  name: row.name,
  path: row.path,
  path_with_namespace: row.path_with_namespace,
  description: row.description ?? undefined,
  web_url: row.web_url,
  created_at: row.created_at,
  updated_at: row.updated_at,
  last_activity_at: row.last_activity_at,
  visibility: row.visibility,
  default_branch: row.default_branch ?? undefined,
  archived: row.archived,
  topics: row.topics,
  namespace_id: row.namespace.id,
  namespace_name: row.namespace.name,
  namespace_path: row.namespace.path,
  owner_id: row.owner?.id,
  owner_username: row.owner?.username,
  star_count: row.star_count,
  forks_count: row.forks_count,
  open_issues_count: row.open_issues_count,
});

export default createSync({
  description: "Projects of GitLab that the user is a member of, those with new activity each time.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["read_api"],
  checkpoint: z.object({ active_since: z.string() }),
  models: { Project },
  exec: async (nango) => {
    let since = (await nango.getCheckpoint())?.active_since;
    // Pages are asked for by time: by number, a project that becomes active meanwhile would push another over the edge.
    // The number counts only while one moment fills whole pages.
    for (let page = 1; ; ) {
      const after = since === undefined ? {} : { last_activity_after: since };
      const { data } = await nango.get<Row[]>({
        endpoint: "/api/v4/projects",
        params: {
          membership: true,
          order_by: "last_activity_at",
          sort: "asc",
          per_page: PAGE,
          ...after,
          ...(page > 1 && { page }),
        },
        retries: 3,
      });
      const last = data.at(-1)?.last_activity_at;
      if (last === undefined) return;
      await nango.batchSave(data.map(toProject), "Project");
      await nango.saveCheckpoint({ active_since: last });
      if (data.length < PAGE) return;
      page = last === since ? page + 1 : 1;
      since = last;
    }
  },
});
