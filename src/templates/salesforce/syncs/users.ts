// Salesforce users: new and changed ones, in the order in which Salesforce changed them. Users are never deleted there.
import { createSync } from "syncline";
import { z } from "zod";

const FIELDS = "Id, Username, Email, FirstName, LastName, IsActive, ProfileId, Profile.Name, SystemModstamp";

const User = z.object({
  id: z.string(),
  username: z.string(),
  email: z.string(),
  first_name: z.string().optional(),
  last_name: z.string(),
  is_active: z.boolean(),
  profile_id: z.string().optional(),
  profile_name: z.string().optional(),
  system_modstamp: z.string(),
});

type Row = {
  Id: string;
  Username: string;
  Email: string;
  FirstName: string | null;
  LastName: string;
  IsActive: boolean;
  ProfileId: string | null;
  /** Null also where the profile is hidden from the connected user. */
  Profile: { Name: string } | null;
  SystemModstamp: string;
};

const toUser = (row: Row): z.infer<typeof User> => ({
  id: row.Id,
  username: row.Username,
  email: row.Email,
  first_name: row.FirstName ?? undefined,
  last_name: row.LastName,
  is_active: row.IsActive,
  profile_id: row.ProfileId ?? undefined,
  profile_name: row.Profile?.Name,
  system_modstamp: row.SystemModstamp,
});

export default createSync({
  description: "Users of Salesforce, new and changed ones each time, inactive ones too.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["api", "refresh_token"],
  checkpoint: z.object({ changed_since: z.string() }),
  models: { User },
  exec: async (nango) => {
    const since = (await nango.getCheckpoint())?.changed_since;
    // Not `>`: more users may have been changed in the very millisecond of the last one.
    const where = since === undefined ? "" : ` WHERE SystemModstamp >= ${new Date(since).toISOString()}`;
    const pages = nango.paginate<Row>({
      endpoint: "/services/data/v59.0/query",
      params: { q: `SELECT ${FIELDS} FROM User${where} ORDER BY SystemModstamp ASC` },
      paginate: { type: "link", link_path_in_response_body: "nextRecordsUrl", response_path: "records" },
      retries: 3,
    });
    for await (const page of pages) {
      const last = page.at(-1);
      if (last === undefined) break;
      await nango.batchSave(page.map(toUser), "User");
      await nango.saveCheckpoint({ changed_since: last.SystemModstamp });
    }
  },
});
