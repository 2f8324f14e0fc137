// Linear issues: new, changed and deleted ones. Linear lists the last changed first, so a pass goes back to where the pass
// before it began; an issue that changes meanwhile moves to the front and is the next pass's.
import { createSync } from "syncline";
import { z } from "zod";
import { ask, type PageInfo } from "../helpers/graphql.ts";

// Linear counts each object of each page: 50 issues of 20 labels are some 1,500 of the 10,000 points that a query may cost.
const QUERY = `
  query Issues($first: Int!, $after: String, $filter: IssueFilter) {
    issues(first: $first, after: $after, filter: $filter, orderBy: updatedAt, includeArchived: true) {
      nodes {
        id identifier title description url priority createdAt updatedAt trashed
        state { id name color }
        assignee { id name email }
        labels(first: 20) { nodes { id name color } }
        project { id name }
        cycle { id name number }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

const Coloured = z.object({ id: z.string(), name: z.string(), color: z.string() });

const Issue = z.object({
  id: z.string(),
  identifier: z.string(),
  title: z.string(),
  description: z.string().optional(),
  state: Coloured,
  assignee: z.object({ id: z.string(), name: z.string(), email: z.string() }).optional(),
  labels: z.array(Coloured),
  project: z.object({ id: z.string(), name: z.string() }).optional(),
  cycle: z.object({ id: z.string(), name: z.string().optional(), number: z.number() }).optional(),
  updatedAt: z.string(),
  createdAt: z.string(),
  url: z.string(),
  priority: z.number(),
});

/** Issues of this team only. */
const Metadata = z.object({ teamId: z.string().optional() });

const Checkpoint = z.object({
  /** What changed before is stored; empty during the first pass. */
  since: z.string(),
  /** The last change when the pass under way began, which is the next one's `since`; empty between passes. */
  newest: z.string(),
  /** How far the pass is. */
  after: z.string(),
});

type Row = Omit<z.infer<typeof Issue>, "description" | "assignee" | "labels" | "project" | "cycle"> & {
  description: string | null;
  assignee: { id: string; name: string; email: string } | null;
  labels: { nodes: z.infer<typeof Coloured>[] };
  project: { id: string; name: string } | null;
  cycle: { id: string; name: string | null; number: number } | null;
  /** In the trash, where it stays for 30 days. Null otherwise. */
  trashed?: boolean | null;
};

type Answer = { issues: { nodes: Row[]; pageInfo: PageInfo } };

const toIssue = ({ cycle, ...row }: Row): z.infer<typeof Issue> => ({
  id: row.id,
  identifier: row.identifier,
  title: row.title,
  description: row.description || undefined, // Linear has "" or null for none
  state: row.state,
  assignee: row.assignee ?? undefined,
  labels: row.labels.nodes,
  project: row.project ?? undefined,
  cycle: cycle === null ? undefined : { id: cycle.id, name: cycle.name ?? undefined, number: cycle.number },
  updatedAt: row.updatedAt,
  createdAt: row.createdAt,
  url: row.url,
  priority: row.priority,
});

const filterOf = (teamId: string | undefined, since: string) => ({
  ...(teamId !== undefined && { team: { id: { eq: teamId } } }),
  // Not `gt`: more issues may have been changed in the very millisecond of the last one.
  ...(since !== "" && { updatedAt: { gte: since } }),
});

export default createSync({
  description: "Issues of Linear, new and changed ones each time, archived ones too. Issues in the trash are deleted.",
  version: "1.0.0",
  frequency: "every 5 minutes",
  autoStart: true,
  scopes: ["read"],
  checkpoint: Checkpoint,
  metadata: Metadata,
  models: { Issue },
  exec: async (nango) => {
    const { teamId } = Metadata.parse((await nango.getMetadata()) ?? {});
    const saved = (await nango.getCheckpoint()) ?? { since: "", newest: "", after: "" };
    const { since } = saved;
    let { newest, after } = saved;
    const filter = filterOf(teamId, since);
    do {
      const variables = { first: 50, after: after || null, filter };
      const { issues } = await ask<Answer>(nango, QUERY, variables);
      const live = issues.nodes.filter(({ trashed }) => !trashed);
      const gone = issues.nodes.filter(({ trashed }) => trashed);
      await nango.batchSave(live.map(toIssue), "Issue");
      await nango.batchDelete(
        gone.map(({ id }) => ({ id })),
        "Issue",
      );
      newest ||= issues.nodes[0]?.updatedAt ?? since;
      after = issues.pageInfo.hasNextPage ? (issues.pageInfo.endCursor ?? "") : "";
      if (after !== "") await nango.saveCheckpoint({ since, newest, after });
    } while (after !== "");
    await nango.saveCheckpoint({ since: newest, newest: "", after: "" });
  },
});
