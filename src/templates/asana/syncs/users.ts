// Asana users of all workspaces the connected user is in: all of them each time. A user of several is one record.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const PAGE = 100;
const MOST_OF_A_WORKSPACE = 2000; // the list of a workspace ends there, whoever else is in it

const User = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().optional(),
  photo_url: z.string().optional(),
});

type Workspace = { gid: string };

type Row = {
  gid: string;
  name: string;
  /** Missing of users whom the connected one may not see in full. */
  email?: string | null;
  photo?: { image_128x128?: string } | null;
};

const toUser = (row: Row): z.infer<typeof User> => ({
  id: row.gid,
  name: row.name,
  email: row.email ?? undefined,
  photo_url: row.photo?.image_128x128,
});

const pagesOf = (nango: NangoBase, endpoint: string, params: Record<string, string> = {}): AsyncGenerator<Row[]> =>
  nango.paginate<Row>({
    endpoint,
    params: { ...params, opt_fields: "name,email,photo" },
    paginate: {
      type: "cursor",
      cursor_name_in_request: "offset",
      cursor_path_in_response: "next_page.offset",
      response_path: "data",
      limit_name_in_request: "limit",
      limit: PAGE,
    },
    retries: 3,
  });

async function* usersOf(nango: NangoBase, { gid }: Workspace): AsyncGenerator<Row[]> {
  let count = 0;
  for await (const page of pagesOf(nango, `/api/1.0/workspaces/${gid}/users`)) {
    count += page.length;
    yield page;
  }
  if (count >= MOST_OF_A_WORKSPACE) yield* pagesOf(nango, "/api/1.0/users", { workspace: gid });
}

export default createSync({
  description: "All users of all Asana workspaces the user is in each time; users who left are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["workspaces:read", "users:read"],
  models: { User },
  exec: async (nango) => {
    await nango.trackDeletesStart("User");
    // A user is in few workspaces: Asana sends them all at once when no limit is asked for.
    const { data } = await nango.get<{ data: Workspace[] }>({ endpoint: "/api/1.0/workspaces", retries: 3 });
    for (const workspace of data.data) {
      for await (const page of usersOf(nango, workspace)) await nango.batchSave(page.map(toUser), "User");
    }
    await nango.trackDeletesEnd("User");
  },
});
