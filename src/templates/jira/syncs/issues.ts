// Jira issues: new and changed ones, in the order in which they were changed.
import { createSync } from "syncline";
import { z } from "zod";
import { apiOf, findSite, Metadata } from "../helpers/site.ts";

const FIELDS = "summary,description,status,issuetype,priority,project,reporter,assignee,creator,created,updated,labels";
const MARGIN_MINUTES = 5; // a change takes a while to be found, and Jira's clock may be behind ours

const Issue = z.object({
  id: z.string(),
  key: z.string(),
  self: z.string(),
  web_url: z.string(),
  summary: z.string(),
  /** In the Atlassian Document Format. */
  description: z.unknown().optional(),
  status: z.string().optional(),
  issue_type: z.string().optional(),
  priority: z.string().optional(),
  project_id: z.string().optional(),
  project_key: z.string().optional(),
  reporter_id: z.string().optional(),
  assignee_id: z.string().optional(),
  creator_id: z.string().optional(),
  created_at: z.string(),
  updated_at: z.string(),
  labels: z.array(z.string()),
});

type Named = { name: string };
type User = { accountId: string };

type Row = {
  id: string;
  key: string;
  self: string;
  fields: {
    summary: string;
    description?: unknown;
    status?: Named | null;
    issuetype?: Named | null;
    /** Missing where the project hides it. */
    priority?: Named | null;
    project?: { id: string; key: string } | null;
    reporter?: User | null;
    assignee?: User | null;
    creator?: User | null;
    created: string;
    updated: string;
    labels?: string[];
  };
};

type Page = { issues: Row[]; nextPageToken?: string };

const toIssue = (baseUrl: string, { id, key, self, fields }: Row): z.infer<typeof Issue> => ({
  id,
  key,
  self,
  web_url: `${baseUrl}/browse/${key}`,
  summary: fields.summary,
  description: fields.description ?? undefined,
  status: fields.status?.name,
  issue_type: fields.issuetype?.name,
  priority: fields.priority?.name,
  project_id: fields.project?.id,
  project_key: fields.project?.key,
  reporter_id: fields.reporter?.accountId,
  assignee_id: fields.assignee?.accountId,
  creator_id: fields.creator?.accountId,
  created_at: fields.created,
  updated_at: fields.updated,
  labels: fields.labels ?? [],
});

// A date in JQL is to the minute, and in the time zone that the user has set in Jira, which may change. Minutes before now
// mean the same everywhere. The search wants some condition, so the first run has one that all issues meet.
const changedSince = (updated: string | undefined): string => {
  if (updated === undefined) return '"1970-01-01"';
  const minutes = Math.ceil((Date.now() - Date.parse(updated)) / 60_000);
  return `"-${Math.max(0, minutes) + MARGIN_MINUTES}m"`;
};

export default createSync({
  description: "Issues of a Jira site, new and changed ones each time. Issues deleted there stay.",
  version: "1.0.0",
  frequency: "every 5 minutes",
  autoStart: true,
  scopes: ["read:jira-work", "offline_access"],
  checkpoint: z.object({ updated_since: z.string() }),
  metadata: Metadata,
  models: { Issue },
  exec: async (nango) => {
    const site = await findSite(nango);
    const since = changedSince((await nango.getCheckpoint())?.updated_since);
    let nextPageToken: string | undefined;
    do {
      const { data } = await nango.get<Page>({
        endpoint: `${apiOf(site)}/search/jql`,
        params: {
          jql: `updated >= ${since} ORDER BY updated ASC`,
          fields: FIELDS, // without them Jira sends ids only
          ...(nextPageToken !== undefined && { nextPageToken }),
        },
        headers: { "X-Atlassian-Token": "no-check" },
        retries: 3,
      });
      const issues = data.issues.map((row) => toIssue(site.baseUrl, row));
      await nango.batchSave(issues, "Issue");
      const last = issues.at(-1);
      if (last !== undefined) await nango.saveCheckpoint({ updated_since: last.updated_at });
      nextPageToken = data.nextPageToken;
    } while (nextPageToken !== undefined);
  },
});
