// Jira projects that the connected user sees: all of them each time, as Jira cannot list changed ones.
import { createSync } from "syncline";
import { z } from "zod";
import { apiOf, findSite, Metadata } from "../helpers/site.ts";

const PAGE = 50;
const STEP_BACK = 10; // more than are likely deleted between two pages, so that one step is enough

const Project = z.object({
  id: z.string(),
  key: z.string(),
  name: z.string(),
  project_type_key: z.string(),
  simplified: z.boolean().optional(),
  style: z.string().optional(),
  is_private: z.boolean().optional(),
  /** Only of projects that a team manages itself. */
  entity_id: z.string().optional(),
  uuid: z.string().optional(),
  /** By size, such as 48x48. */
  avatar_urls: z.record(z.string(), z.string()).optional(),
});

type Row = {
  id: string;
  key: string;
  name: string;
  projectTypeKey: string;
  simplified?: boolean;
  style?: string;
  isPrivate?: boolean;
  entityId?: string;
  uuid?: string;
  avatarUrls?: Record<string, string>;
};

const toProject = (row: Row): z.infer<typeof Project> => ({
  id: row.id,
  key: row.key,
  name: row.name,
  project_type_key: row.projectTypeKey,
  simplified: row.simplified,
  style: row.style,
  is_private: row.isPrivate,
  entity_id: row.entityId,
  uuid: row.uuid,
  avatar_urls: row.avatarUrls,
});

export default createSync({
  description:
    "All projects of a Jira site that the user sees each time; projects deleted or hidden there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["read:jira-work", "offline_access"],
  metadata: Metadata,
  models: { Project },
  exec: async (nango) => {
    const site = await findSite(nango);
    await nango.trackDeletesStart("Project");
    // A project deleted before the offset moves all behind it up, and one of them would be skipped and then be taken for
    // deleted. So each page begins with the last project of the page before; where it does not, we step back.
    let before = new Set<string>();
    for (let startAt = 0; ; ) {
      const { data } = await nango.get<{ values: Row[]; isLast: boolean }>({
        endpoint: `${apiOf(site)}/project/search`,
        params: { startAt, maxResults: PAGE },
        retries: 3,
      });
      const projects = data.values.map(toProject);
      if (startAt > 0 && !before.has(projects[0]?.id ?? "")) {
        startAt = Math.max(0, startAt - STEP_BACK);
        continue;
      }
      await nango.batchSave(projects, "Project");
      // Jira may send fewer than asked for, so their number does not tell the last page.
      if (data.isLast || projects.length === 0) break;
      before = new Set(projects.map(({ id }) => id));
      startAt += Math.max(1, projects.length - 1);
    }
    await nango.trackDeletesEnd("Project");
  },
});
