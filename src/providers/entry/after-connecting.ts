// What is asked of a provider once it lets a connection in, and kept in the connection's config: facts that webhooks are
// told apart by or that base URLs need. A field of our own: published entries name a script of their server instead.
import { z } from "zod";
import { httpMethod, template, templates } from "./basics.ts";

/** Which item of a list counts: the first that has these values, else the first or, where that may be a wrong one, none. */
const Choose = z.strictObject({
  from: z.string().default("").meta({ description: "A path to the list; empty where the answer is the list." }),
  where: z.record(z.string(), template).default({}),
  otherwise: z.enum(["first", "only", "none"]).default("first"),
});

export const AfterConnecting = z.array(
  z.strictObject({
    /** A path under the base URL, or an address. */
    url: template,
    method: httpMethod.default("GET"),
    headers: templates.optional(),
    data: z.unknown().optional(),
    choose: Choose.optional(),
    /** What the config keeps under which name: paths in the answer, or in the chosen item. */
    keep: z.record(z.string(), z.string().min(1)),
    /** A regular expression for what is kept: its first group counts. */
    match: z.record(z.string(), z.string()).optional(),
  }),
);

export type AfterConnecting = z.output<typeof AfterConnecting>[number];
