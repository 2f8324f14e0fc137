// A file of connections: a header, a line each, and an end that says how many they were.
import { z } from "zod";

export const FORMAT = "syncline-connections";

export const Header = z.object({
  format: z.literal(FORMAT),
  version: z.literal(1),
  environment: z.string(),
  count: z.number().int(),
  /** The thumbprint (RFC 7638) of the key that opens it. */
  key: z.string(),
});

export type Header = z.infer<typeof Header>;

/** A line after the header: a connection as a JWE, or the end. */
export const Line = z.union([
  z.strictObject({ sealed: z.string() }),
  z.strictObject({ end: z.literal(true), count: z.number().int() }),
]);

/** What a line holds, as far as it is looked at here: the rest is the server's to judge. */
export const Sealed = z.looseObject({ provider_config_key: z.string(), connection_id: z.string() });

/** A page of GET /export/connections. */
export type Page = {
  environment: string;
  total: number;
  connections: z.infer<typeof Sealed>[];
  next_cursor: string | null;
};
