// When credentials end, and how long before they are renewed.
import { type Credentials, isRenewable } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";

const USUAL_MARGIN_S = 900;

/** When they end, as ISO text; null: never, as far as is known. */
export const expiryOf = (credentials: Credentials): string | null => {
  const own = "expires_at" in credentials ? credentials.expires_at : undefined;
  const app = credentials.type === "CUSTOM" ? credentials.app.expires_at : undefined;
  const end = own ?? app;
  return typeof end === "string" ? end : null;
};

/** So long before their end they are renewed, as an interval; null for those that cannot be. The database has the last word. */
export const marginOf = ({ token_expiration_buffer }: Provider, credentials: Credentials): string | null =>
  isRenewable(credentials) ? `${Math.max(token_expiration_buffer ?? USUAL_MARGIN_S, 0)} s` : null;
