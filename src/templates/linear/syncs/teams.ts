// Linear teams that the connected user sees: all of them each time. Archived ones are not among them.
import { createSync } from "syncline";
import { z } from "zod";
import { ask, type PageInfo } from "../helpers/graphql.ts";

const QUERY = `
  query Teams($first: Int!, $after: String) {
    teams(first: $first, after: $after) {
      nodes { id name key description color icon private createdAt updatedAt }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

const Team = z.object({
  id: z.string(),
  name: z.string(),
  key: z.string(),
  description: z.string().optional(),
  color: z.string().optional(),
  icon: z.string().optional(),
  private: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

type Row = {
  id: string;
  name: string;
  key: string;
  description: string | null;
  color: string | null;
  icon: string | null;
  private: boolean;
  createdAt: string;
  updatedAt: string;
};

type Answer = { teams: { nodes: Row[]; pageInfo: PageInfo } };

const toTeam = (row: Row): z.infer<typeof Team> => ({
  id: row.id,
  name: row.name,
  key: row.key,
  description: row.description ?? undefined,
  color: row.color ?? undefined,
  icon: row.icon ?? undefined,
  private: row.private,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

export default createSync({
  description: "All teams of Linear that the user sees each time; teams deleted or archived there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["read"],
  models: { Team },
  exec: async (nango) => {
    await nango.trackDeletesStart("Team");
    let after: string | null = null;
    do {
      const { teams }: Answer = await ask<Answer>(nango, QUERY, { first: 100, after });
      await nango.batchSave(teams.nodes.map(toTeam), "Team");
      after = teams.pageInfo.hasNextPage ? teams.pageInfo.endCursor : null;
    } while (after !== null);
    await nango.trackDeletesEnd("Team");
  },
});
