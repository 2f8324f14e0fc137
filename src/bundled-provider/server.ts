// The bundled provider: a small HTTP API named Acme that behaves, and on request misbehaves, as real ones do.
// A request passes here in this order: admin (this machine only), faults that need no answer, token server, key, rate limit,
// rows, faults that spoil the answer. So a 5xx, timeout or reset means nothing was changed; a truncated write was done.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "../errors.ts";
import { resetAll } from "./admin.ts";
import { createAuth, OAUTH_CLIENT } from "./auth.ts";
import { createBetweenPages } from "./between-pages.ts";
import { createFaults } from "./faults.ts";
import { createHandler } from "./handler.ts";
import { KINDS, type RowCounts } from "./kinds.ts";
import { createRateLimit, type RateLimit } from "./rate-limit.ts";
import { emptyStats } from "./stats.ts";
import { createWebhooks } from "./webhooks.ts";
import { type Clock, createWorld } from "./world.ts";

export type BundledProviderOptions = {
  /** A whole number from 0; the same seed makes the same rows, byte for byte. */
  seed: number;
  /** How many rows each kind starts with, 0 to 1,000,000; a kind left out has none. */
  rows: Partial<RowCounts>;
  /** 0 (the default) takes any free port. */
  port?: number;
  host?: string;
  /** Milliseconds since 1970, for edits, tokens and rate limits. */
  clock?: Clock;
  apiKeys?: string[];
  rateLimit?: RateLimit | null;
  tokenSeconds?: number;
  /** True: each refresh token works once. */
  rotateRefreshTokens?: boolean;
  /** Waits so long before each page is sent. */
  pageDelayMs?: number;
  webhookRetryMs?: number;
};

export type BundledProvider = Awaited<ReturnType<typeof createBundledProvider>>;

export const DEFAULT_API_KEY = "acme-test-key";
const MAX_ROWS = 1_000_000;
// Longer than any client of ours keeps a connection idle, so that no reused connection is closed under a request.
const KEEP_ALIVE_MS = 65_000;

const checkedCounts = (rows: Partial<RowCounts>): RowCounts => {
  const counts = { contacts: 0, companies: 0, tickets: 0, ...rows };
  const wrong = KINDS.find(
    (kind) => !(Number.isInteger(counts[kind]) && counts[kind] >= 0 && counts[kind] <= MAX_ROWS),
  );
  if (wrong)
    throw new AppError("invalid_settings", `The number of ${wrong} must be a whole number from 0 to ${MAX_ROWS}.`);
  return counts;
};

/**
 * Starts the provider. `world` holds the rows and edits them, `stats` says what was asked and done, `faults`,
 * `betweenPages` and `webhooks` do what the admin API does. Throws invalid_settings for a seed or row count out of range.
 */
export const createBundledProvider = async ({
  seed,
  rows,
  port = 0,
  host = "127.0.0.1",
  clock = Date,
  apiKeys = [DEFAULT_API_KEY],
  rateLimit: limit = null,
  tokenSeconds = 3600,
  rotateRefreshTokens = false,
  pageDelayMs = 0,
  webhookRetryMs = 500,
}: BundledProviderOptions) => {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new AppError("invalid_settings", "The seed must be a whole number from 0.");
  const stats = emptyStats();
  const world = createWorld({ seed, counts: checkedCounts(rows), clock });
  const onToken = () => {
    stats.tokensIssued += 1;
  };
  const auth = createAuth({ seed, clock, apiKeys, tokenSeconds, rotateRefreshTokens, onToken });
  const faults = createFaults({ seed });
  const betweenPages = createBetweenPages({ world });
  const webhooks = createWebhooks({ seed, stats, retryMs: webhookRetryMs });
  const rateLimit = createRateLimit({ clock, limit });
  world.onEdit(webhooks.tell);

  const ending = new AbortController();
  const deps = { world, stats, auth, faults, betweenPages, webhooks, rateLimit };
  const server = createServer(createHandler({ ...deps, pageDelayMs, ending: ending.signal }));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, host);
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;

  return {
    ...deps,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    credentials: { apiKey: apiKeys[0] ?? "", ...OAUTH_CLIENT },
    reset: (): void => resetAll(deps),
    /** Ends open requests and the server. Webhooks not yet sent are dropped. */
    close: async (): Promise<void> => {
      ending.abort();
      webhooks.clear();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
