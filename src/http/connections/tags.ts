// Tags of connections, and the end user they can be made from.
import { z } from "zod";

const MOST = 10;
const KEY = /^[a-zA-Z][a-zA-Z0-9_\-./]*$/;
const KEY_RULE = "must begin with a letter, and have only letters, digits and _ - . /";

const isEmail = (text: string): boolean => z.email().safeParse(text).success;

/** A tag map: at most 10, keys lower-cased; two keys that differ in case only are refused. */
export const Tags = z
  .record(z.string().regex(KEY, KEY_RULE).max(64), z.string().min(1).max(255))
  .superRefine((tags, context) => {
    const keys = Object.keys(tags);
    if (keys.length > MOST) context.addIssue(`at most ${MOST} tags`);
    if (new Set(keys.map((key) => key.toLowerCase())).size < keys.length)
      context.addIssue("two keys differ only in case");
    const email = keys.find((key) => key.toLowerCase() === "end_user_email");
    if (email !== undefined && !isEmail(tags[email] as string)) {
      context.addIssue({ code: "custom", path: [email], message: "must be an e-mail address" });
    }
  })
  .transform((tags) => Object.fromEntries(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value])));

export const EndUser = z.strictObject({
  id: z.string().min(1).max(255),
  email: z.email().optional(),
  display_name: z.string().max(255).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  organization: z
    .strictObject({ id: z.string().min(1).max(255), display_name: z.string().max(255).optional() })
    .optional(),
});

export type EndUser = z.infer<typeof EndUser>;

/** An end user as it is shown: nothing left out. */
export const ShownEndUser = z
  .strictObject({
    id: z.string(),
    display_name: z.string().nullable(),
    email: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    organization: z.strictObject({ id: z.string(), display_name: z.string().nullable() }).nullable(),
  })
  .meta({ id: "EndUser", description: "Whom the connection belongs to, in the app's own words." });

/** The end user as it is stored and shown: nothing left out. */
export const storedEndUser = ({ id, email, display_name, tags, organization }: EndUser) => ({
  id,
  display_name: display_name ?? null,
  email: email ?? null,
  tags: tags ?? {},
  organization: organization ? { id: organization.id, display_name: organization.display_name ?? null } : null,
});
