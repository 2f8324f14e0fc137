// What is asked of a provider once it lets a connection in, and kept in the connection's config: facts that webhooks are
// told apart by or that base URLs need. A field of our own: published entries name a script of their server instead.
import { z } from "zod";
import { httpMethod, template, templates } from "./basics.ts";

/**
 * Which item of the list at the path `from` counts: the first that has the values of `where`. While these cannot be filled, and
 * where there are none, it is the first or, where that may be a wrong one, the `only` one.
 */
const Choose = z.strictObject({
  from: z.string().default(""),
  where: z.record(z.string(), template).default({}),
  otherwise: z.enum(["first", "only"]).default("first"),
});

const path = z.string().min(1);

export const AfterConnecting = z.array(
  z.strictObject({
    /** A path under the base URL, or an address. */
    url: template,
    method: httpMethod.default("GET"),
    headers: templates.optional(),
    data: z.unknown().optional(),
    choose: Choose.optional(),
    /** What the config keeps under which name: paths in the answer, or in the chosen item; where it says so as a hash in hex. */
    keep: z.record(z.string(), z.union([path, z.strictObject({ path, hash: z.literal("sha256") })])),
  }),
);

export type AfterConnecting = z.output<typeof AfterConnecting>[number];
