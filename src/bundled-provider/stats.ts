// What the server has done so far, so that a test can say "no page was fetched twice" and "the fault happened".

/** One page of rows that was sent whole: `at` is how many requests came before its own. */
export type PageServed = { path: string; query: string; rows: number; at: number };

export type Stats = {
  /** All requests but those of the admin API. */
  total: number;
  /** How often each "GET /v1/contacts/:id" was asked, whatever came of it. */
  requests: Record<string, number>;
  /** The newest 100,000 at least. */
  pages: PageServed[];
  rateLimited: number;
  unauthorized: number;
  /** How often each kind of fault was really done. */
  faults: Record<string, number>;
  tokensIssued: number;
  webhooks: { delivered: number; failed: number; duplicated: number; reordered: number };
};

const PAGES_KEPT = 100_000;

export const emptyStats = (): Stats => ({
  total: 0,
  requests: {},
  pages: [],
  rateLimited: 0,
  unauthorized: 0,
  faults: {},
  tokensIssued: 0,
  webhooks: { delivered: 0, failed: 0, duplicated: 0, reordered: 0 },
});

export const countIn = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

/** Notes a page, and drops the oldest half when twice as many are kept as promised. */
export const notePage = (stats: Stats, page: PageServed): void => {
  if (stats.pages.push(page) >= 2 * PAGES_KEPT) stats.pages.splice(0, PAGES_KEPT);
};
