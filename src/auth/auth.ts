// What everything about credentials needs from outside.
import type { DataKeys } from "../crypto/data-keys.ts";
import type { Pool } from "../db/pool.ts";
import type { Logger } from "../log.ts";
import type { Fetch } from "../outbound/fetch.ts";
import type { Forward } from "../outbound/forward.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import type { Renewals } from "./renew.ts";

export type AuthDeps = {
  pool: Pool;
  keys: DataKeys;
  catalogue: Catalogue;
  /** For token endpoints: checked addresses, no redirects. */
  fetch: Fetch;
  /** For requests to the provider's API with the credentials, as the proxy makes them. */
  forward: Forward;
  log: Logger;
};

/** The same, with what renews credentials. */
export type FreshAuthDeps = AuthDeps & { renewals: Renewals };
