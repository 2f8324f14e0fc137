// BambooHR users: who can log in, and which employee each is. BambooHR sends all of them at once.
import { createSync } from "syncline";
import { z } from "zod";

const User = z.object({
  id: z.string(),
  employeeId: z.number().optional(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  email: z.string().optional(),
  status: z.string().optional(),
  lastLogin: z.string().optional(),
});

type Row = {
  id: number;
  /** Missing of users who are no employees. */
  employeeId?: number | null;
  firstName?: string | null;
  lastName?: string | null;
  email?: string | null;
  status?: string | null;
  /** Missing until the user logs in. */
  lastLogin?: string | null;
};

const toUser = (row: Row): z.infer<typeof User> => ({
  id: String(row.id),
  employeeId: row.employeeId ?? undefined,
  firstName: row.firstName ?? undefined,
  lastName: row.lastName ?? undefined,
  email: row.email ?? undefined,
  status: row.status ?? undefined,
  lastLogin: row.lastLogin ?? undefined,
});

export default createSync({
  description: "All users of BambooHR each time; users removed there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["user"],
  models: { User },
  exec: async (nango) => {
    await nango.trackDeletesStart("User");
    const { data } = await nango.get<Record<string, Row>>({
      endpoint: "/v1/meta/users",
      headers: { accept: "application/json" }, // otherwise BambooHR answers in XML
      retries: 3,
    });
    // An object of users by id. A text has values too: taken for users, its letters would delete everybody.
    if (typeof data !== "object" || data === null) throw new Error("BambooHR sent no users, but something else");
    await nango.batchSave(Object.values(data).map(toUser), "User");
    await nango.trackDeletesEnd("User");
  },
});
