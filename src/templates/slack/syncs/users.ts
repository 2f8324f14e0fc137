// Slack users of the workspace: all of them each time, deactivated ones and bots too.
import { createSync } from "syncline";
import { z } from "zod";

const User = z.object({
  id: z.string(),
  team_id: z.string().optional(),
  name: z.string(),
  real_name: z.string().optional(),
  email: z.string().optional(),
  is_admin: z.boolean(),
  is_owner: z.boolean(),
  is_bot: z.boolean(),
  deleted: z.boolean(),
  updated: z.number(),
});

type Row = {
  id: string;
  team_id?: string;
  name: string;
  real_name?: string;
  profile: { real_name?: string; email?: string };
  // These are missing of deactivated users.
  is_admin?: boolean;
  is_owner?: boolean;
  is_bot?: boolean;
  deleted: boolean;
  updated: number;
};

type Page = { ok: boolean; error?: string; members: Row[]; response_metadata?: { next_cursor?: string } };

const toUser = (row: Row): z.infer<typeof User> => ({
  id: row.id,
  team_id: row.team_id,
  name: row.name,
  real_name: row.real_name ?? row.profile.real_name,
  email: row.profile.email,
  is_admin: row.is_admin ?? false,
  is_owner: row.is_owner ?? false,
  is_bot: row.is_bot ?? false,
  deleted: row.deleted,
  updated: row.updated,
});

export default createSync({
  description: "All users of the Slack workspace each time, bots too. Deactivated ones stay, with `deleted` set.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["users:read", "users:read.email"],
  models: { User },
  exec: async (nango) => {
    await nango.trackDeletesStart("User");
    let cursor = "";
    do {
      const { data } = await nango.get<Page>({
        endpoint: "/users.list",
        params: { limit: 200, ...(cursor !== "" && { cursor }) },
        retries: 3,
      });
      // Slack answers 200 to what it refuses: taken for an empty page, it would delete everybody.
      if (!data.ok) throw new Error(`Slack refused users.list: ${data.error}`);
      await nango.batchSave(data.members.map(toUser), "User");
      cursor = data.response_metadata?.next_cursor ?? "";
    } while (cursor !== "");
    await nango.trackDeletesEnd("User");
  },
});
