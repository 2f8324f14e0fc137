// Starts a provider for one test, with a clock the test moves, and asks it as a client would.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Row } from "../../src/bundled-provider/kinds.ts";
import { type BundledProviderOptions, createBundledProvider } from "../../src/bundled-provider/server.ts";
import type { Json } from "../../src/errors.ts";

export type Body = { [field: string]: Json };

/** A clock that stands still until the test moves it: milliseconds. */
export const createTestClock = (start = Date.UTC(2026, 0, 1)) => {
  let now = start;
  return {
    now: () => now,
    forward: (ms: number) => {
      now += ms;
    },
  };
};

export const startAcme = async (t: TestContext, options: Partial<BundledProviderOptions> = {}) => {
  const clock = createTestClock();
  const rows = { contacts: 50, companies: 30, tickets: 40 };
  const provider = await createBundledProvider({ seed: 7, rows, clock, webhookRetryMs: 1, ...options });
  t.after(() => provider.close());

  /** Asks with the API key unless `headers` say otherwise; `path` may be a whole URL from a link. */
  const ask = (path: string, { headers = { "x-api-key": provider.credentials.apiKey }, ...init }: Asked = {}) =>
    fetch(new URL(path, provider.url), { ...init, headers });

  const get = async (path: string): Promise<Body> => {
    const response = await ask(path);
    const body = (await response.json()) as Body;
    assert.equal(response.status, 200, JSON.stringify(body));
    return body;
  };

  const admin = async (method: string, path: string, body?: Body): Promise<Response> => {
    const response = await fetch(`${provider.url}/admin/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response;
  };

  return { ...provider, clock, ask, get, admin };
};

type Asked = {
  headers?: Record<string, string>;
  method?: string;
  body?: string;
  signal?: AbortSignal;
  redirect?: "manual";
};
export type Acme = Awaited<ReturnType<typeof startAcme>>;
type Get = Acme["get"];

/** Walks contacts by cursor; `query` starts with "&". */
export const walkContacts = async (get: Get, limit: number, query = ""): Promise<Row[]> => {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: Body = await get(`/v1/contacts?limit=${limit}${query}${cursor === null ? "" : `&cursor=${cursor}`}`);
    rows.push(...(page.data as Row[]));
    cursor = page.next_cursor as string | null;
  } while (cursor !== null);
  return rows;
};

/** Walks companies by offset until `total` is reached. */
export const walkCompanies = async (get: Get, limit: number, query = ""): Promise<Row[]> => {
  const rows: Row[] = [];
  for (;;) {
    const page = await get(`/v1/companies?limit=${limit}&offset=${rows.length}${query}`);
    rows.push(...(page.companies as Row[]));
    if (rows.length >= Number(page.total)) return rows;
  }
};

/** Walks tickets by the links in the body. */
export const walkTickets = async (get: Get, limit: number, query = ""): Promise<Row[]> => {
  const rows: Row[] = [];
  let url: string | null = `/v1/tickets?per_page=${limit}${query}`;
  while (url !== null) {
    const page: Body = await get(url);
    rows.push(...(page.tickets as Row[]));
    url = (page.links as { next: string | null }).next;
  }
  return rows;
};

export const WALKS = { contacts: walkContacts, companies: walkCompanies, tickets: walkTickets } as const;
export const ids = (rows: Iterable<{ id: string }>): string[] => Array.from(rows, ({ id }) => id);
