// GitLab issues of all projects the connected user is a member of: one pass over the projects each time, for what changed.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const PAGE = 100;
const MARGIN_MS = 60_000; // GitLab's clock may be behind ours

const Issue = z.object({
  id: z.string(),
  project_id: z.number(),
  iid: z.number(),
  title: z.string(),
  description: z.string().optional(),
  state: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().optional(),
  author_id: z.number(),
  author_username: z.string(),
  labels: z.array(z.string()),
  web_url: z.string(),
});

const Checkpoint = z.object({
  /** What changed before is stored, of every project; empty during the first pass. */
  since: z.string(),
  /** When the pass under way began, which is the next one's `since`. */
  started_at: z.string(),
  /** The project that the pass is at, and how far it is there; 0 between passes. */
  project: z.number(),
  project_since: z.string(),
});

type Row = {
  id: number;
  project_id: number;
  iid: number;
  title: string;
  description: string | null;
  state: string;
  created_at: string;
  updated_at: string;
  closed_at: string | null;
  author: { id: number; username: string };
  labels: string[];
  web_url: string;
};

type Project = { id: number; issues_enabled?: boolean };

const toIssue = (row: Row): z.infer<typeof Issue> => ({
  id: String(row.id),
  project_id: row.project_id,
  iid: row.iid,
  title: row.title,
  description: row.description ?? undefined,
  state: row.state,
  created_at: row.created_at,
  updated_at: row.updated_at,
  closed_at: row.closed_at ?? undefined,
  author_id: row.author.id,
  author_username: row.author.username,
  labels: row.labels,
  web_url: row.web_url,
});

/** By id, so that an interrupted pass goes on where it was. */
const listProjects = async (nango: NangoBase): Promise<Project[]> => {
  const pages = nango.paginate<Project>({
    endpoint: "/api/v4/projects",
    params: { membership: true },
    paginate: {
      type: "offset",
      offset_name_in_request: "page",
      offset_start_value: 1,
      offset_calculation_method: "per-page",
      limit_name_in_request: "per_page",
      limit: PAGE,
    },
    retries: 3,
  });
  const projects: Project[] = [];
  for await (const page of pages) projects.push(...page.filter(({ issues_enabled }) => issues_enabled !== false));
  return projects.sort((a, b) => a.id - b.id);
};

// Pages are asked for by time: by number, an issue that changes meanwhile would push another over the edge.
// The number counts only while one moment fills whole pages.
async function* changedIssues(nango: NangoBase, project: number, changedSince: string) {
  let since = changedSince;
  for (let page = 1; ; ) {
    const { data } = await nango.get<Row[]>({
      endpoint: `/api/v4/projects/${project}/issues`,
      params: {
        state: "all",
        order_by: "updated_at",
        sort: "asc",
        per_page: PAGE,
        page,
        ...(since !== "" && { updated_after: since }),
      },
      retries: 3,
    });
    const last = data.at(-1)?.updated_at;
    if (last === undefined) return;
    yield { issues: data.map(toIssue), last };
    if (data.length < PAGE) return;
    page = last === since ? page + 1 : 1;
    since = last;
  }
}

export default createSync({
  description:
    "Issues of all GitLab projects the user is a member of, new and changed ones each time. Of a project joined later, those changed since.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["read_api"],
  checkpoint: Checkpoint,
  models: { Issue },
  exec: async (nango) => {
    const saved = await nango.getCheckpoint();
    const since = saved?.since ?? "";
    const at = saved?.project ?? 0;
    const started_at = saved !== null && at > 0 ? saved.started_at : new Date(Date.now() - MARGIN_MS).toISOString();
    for (const { id: project } of await listProjects(nango)) {
      if (project < at) continue;
      const from = saved !== null && project === at ? saved.project_since : since;
      for await (const { issues, last } of changedIssues(nango, project, from)) {
        await nango.batchSave(issues, "Issue");
        await nango.saveCheckpoint({ since, started_at, project, project_since: last });
      }
    }
    await nango.saveCheckpoint({ since: started_at, started_at, project: 0, project_since: "" });
  },
});
