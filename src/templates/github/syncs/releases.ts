// GitHub releases of all repositories the connected user sees: all of them each time, as GitHub cannot list changed ones.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const Release = z.object({
  id: z.string(),
  repo_owner: z.string(),
  repo_name: z.string(),
  release_id: z.number(),
  node_id: z.string(),
  tag_name: z.string(),
  target_commitish: z.string(),
  name: z.string().optional(),
  body: z.string().optional(),
  draft: z.boolean(),
  prerelease: z.boolean(),
  created_at: z.string(),
  published_at: z.string().optional(),
  author_login: z.string().optional(),
  author_id: z.number().optional(),
});

type Repository = { name: string; full_name: string; owner: { login: string } };

type Row = {
  id: number;
  node_id: string;
  tag_name: string;
  target_commitish: string;
  name: string | null;
  body: string | null;
  draft: boolean;
  prerelease: boolean;
  created_at: string;
  published_at: string | null;
  /** Null where the account is gone. */
  author: { id: number; login: string } | null;
};

const toRelease = (repository: Repository, row: Row): z.infer<typeof Release> => ({
  id: `${repository.full_name}/${row.id}`,
  repo_owner: repository.owner.login,
  repo_name: repository.name,
  release_id: row.id,
  node_id: row.node_id,
  tag_name: row.tag_name,
  target_commitish: row.target_commitish,
  name: row.name ?? undefined,
  body: row.body ?? undefined,
  draft: row.draft,
  prerelease: row.prerelease,
  created_at: row.created_at,
  published_at: row.published_at ?? undefined,
  author_login: row.author?.login,
  author_id: row.author?.id,
});

const pagesOf = <T>(nango: NangoBase, endpoint: string): AsyncGenerator<T[]> =>
  nango.paginate<T>({
    endpoint,
    paginate: {
      type: "offset",
      offset_name_in_request: "page",
      offset_start_value: 1,
      offset_calculation_method: "per-page",
      limit_name_in_request: "per_page",
      limit: 100,
    },
    retries: 3,
  });

export default createSync({
  description: "All releases of all GitHub repositories the user sees each time; releases deleted there are deleted.",
  version: "1.0.0",
  frequency: "every 6 hours",
  autoStart: true,
  scopes: ["repo"],
  models: { Release },
  exec: async (nango) => {
    await nango.trackDeletesStart("Release");
    for await (const repositories of pagesOf<Repository>(nango, "/user/repos")) {
      for (const repository of repositories) {
        for await (const page of pagesOf<Row>(nango, `/repos/${repository.full_name}/releases`)) {
          const releases = page.map((row) => toRelease(repository, row));
          await nango.batchSave(releases, "Release");
        }
      }
    }
    await nango.trackDeletesEnd("Release");
  },
});
