// GitHub issues of all repositories the connected user sees: one pass over the repositories each time, for what changed.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const PAGE = 100;
const MARGIN_MS = 60_000; // GitHub's clock may be behind ours

const Issue = z.object({
  id: z.string(),
  node_id: z.string(),
  number: z.number(),
  state: z.string(),
  state_reason: z.string().optional(),
  title: z.string(),
  body: z.string().optional(),
  html_url: z.string(),
  repository_url: z.string(),
  user_id: z.number().optional(),
  user_login: z.string().optional(),
  labels: z.array(
    z.object({ id: z.number(), name: z.string(), color: z.string(), description: z.string().optional() }),
  ),
  assignee_id: z.number().optional(),
  assignee_login: z.string().optional(),
  assignees: z.array(z.object({ id: z.number(), login: z.string() })),
  comments_count: z.number(),
  locked: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().optional(),
  closed_by_id: z.number().optional(),
  closed_by_login: z.string().optional(),
});

const Checkpoint = z.object({
  /** What changed before is stored, of every repository; empty during the first pass. */
  since: z.string(),
  /** When the pass under way began, which is the next one's `since`. */
  started_at: z.string(),
  /** The repository that the pass is at, and how far it is there; 0 between passes. */
  repository: z.number(),
  repository_since: z.string(),
});

type User = { id: number; login: string };
type Label = { id: number; name: string; color: string; description: string | null };

type Row = {
  id: number;
  node_id: string;
  number: number;
  state: string;
  state_reason?: string | null;
  title: string;
  body: string | null;
  html_url: string;
  repository_url: string;
  /** Null where the account is gone. */
  user: User | null;
  labels: Label[];
  assignee: User | null;
  assignees: User[];
  comments: number;
  locked: boolean;
  created_at: string;
  updated_at: string;
  closed_at: string | null;
  closed_by?: User | null;
  pull_request?: unknown;
};

type Repository = { id: number; full_name: string; has_issues: boolean };

const toIssue = (row: Row): z.infer<typeof Issue> => ({
  id: String(row.id),
  node_id: row.node_id,
  number: row.number,
  state: row.state,
  state_reason: row.state_reason ?? undefined,
  title: row.title,
  body: row.body ?? undefined,
  html_url: row.html_url,
  repository_url: row.repository_url,
  user_id: row.user?.id,
  user_login: row.user?.login,
  labels: row.labels.map(({ id, name, color, description }) => ({
    id,
    name,
    color,
    description: description ?? undefined,
  })),
  assignee_id: row.assignee?.id,
  assignee_login: row.assignee?.login,
  assignees: row.assignees.map(({ id, login }) => ({ id, login })),
  comments_count: row.comments,
  locked: row.locked,
  created_at: row.created_at,
  updated_at: row.updated_at,
  closed_at: row.closed_at ?? undefined,
  closed_by_id: row.closed_by?.id,
  closed_by_login: row.closed_by?.login,
});

/** By id, so that an interrupted pass goes on where it was. Asking one without issues for them is an error to GitHub. */
const listRepositories = async (nango: NangoBase): Promise<Repository[]> => {
  const pages = nango.paginate<Repository>({
    endpoint: "/user/repos",
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
  const repositories: Repository[] = [];
  for await (const page of pages) repositories.push(...page.filter(({ has_issues }) => has_issues));
  return repositories.sort((a, b) => a.id - b.id);
};

// Pages are asked for by time: by number, an issue that changes meanwhile would push another over the edge.
// The number counts only while one second fills whole pages. A pull request is listed as an issue, but is none.
async function* changedIssues(nango: NangoBase, repository: string, changedSince: string) {
  let since = changedSince;
  for (let page = 1; ; ) {
    const { data } = await nango.get<Row[]>({
      endpoint: `/repos/${repository}/issues`,
      params: {
        state: "all",
        sort: "updated",
        direction: "asc",
        per_page: PAGE,
        ...(since !== "" && { since }),
        ...(page > 1 && { page }),
      },
      retries: 3,
    });
    const last = data.at(-1)?.updated_at;
    if (last === undefined) return;
    yield { issues: data.filter(({ pull_request }) => pull_request === undefined).map(toIssue), last };
    if (data.length < PAGE) return;
    page = last === since ? page + 1 : 1;
    since = last;
  }
}

export default createSync({
  description:
    "Issues of all GitHub repositories the user sees, new and changed ones each time, without pull requests. Of a repository joined later, those changed since.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["repo"],
  checkpoint: Checkpoint,
  models: { Issue },
  exec: async (nango) => {
    const saved = await nango.getCheckpoint();
    const since = saved?.since ?? "";
    const at = saved?.repository ?? 0;
    const started_at = saved !== null && at > 0 ? saved.started_at : new Date(Date.now() - MARGIN_MS).toISOString();
    for (const { id: repository, full_name } of await listRepositories(nango)) {
      if (repository < at) continue;
      const from = saved !== null && repository === at ? saved.repository_since : since;
      for await (const { issues, last } of changedIssues(nango, full_name, from)) {
        await nango.batchSave(issues, "Issue");
        await nango.saveCheckpoint({ since, started_at, repository, repository_since: last });
      }
    }
    await nango.saveCheckpoint({ since: started_at, started_at, repository: 0, repository_since: "" });
  },
});
