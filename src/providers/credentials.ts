// The kinds of credentials a connection may hold, told apart by `type`.
import { z } from "zod";

/** What is sealed in a connection. `expires_at` is an ISO time; `raw` is the token endpoint's own answer. */
export const Credentials = z.discriminatedUnion("type", [
  z.object({ type: z.literal("API_KEY"), apiKey: z.string().max(1024) }),
  z.object({ type: z.literal("BASIC"), username: z.string(), password: z.string().default("") }),
  z.object({
    type: z.literal("OAUTH2"),
    access_token: z.string().min(1),
    refresh_token: z.string().optional(),
    expires_at: z.string().optional(),
    raw: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({ type: z.literal("NONE") }),
]);

export type Credentials = z.infer<typeof Credentials>;
