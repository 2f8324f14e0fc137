// Notion users of the workspace, people and bots: all of them each time, as Notion cannot list changed ones.
import { createSync } from "syncline";
import { z } from "zod";

const User = z.object({
  id: z.string(),
  name: z.string().optional(),
  type: z.string().optional(),
  avatar_url: z.string().optional(),
});

type Row = {
  id: string;
  name?: string | null;
  type?: string;
  avatar_url?: string | null;
};

const toUser = (row: Row): z.infer<typeof User> => ({
  id: row.id,
  name: row.name ?? undefined,
  type: row.type,
  avatar_url: row.avatar_url ?? undefined,
});

export default createSync({
  description: "All users of the Notion workspace each time, bots too but no guests; users who left are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  models: { User },
  exec: async (nango) => {
    await nango.trackDeletesStart("User");
    const pages = nango.paginate<Row>({
      endpoint: "/v1/users",
      paginate: {
        type: "cursor",
        cursor_name_in_request: "start_cursor",
        cursor_path_in_response: "next_cursor",
        response_path: "results",
        limit_name_in_request: "page_size",
        limit: 100,
      },
      retries: 3,
    });
    for await (const page of pages) await nango.batchSave(page.map(toUser), "User");
    await nango.trackDeletesEnd("User");
  },
});
