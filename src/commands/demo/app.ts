// The demo's stand-in for an app that reads records: everything once, then only what is new after the cursor it kept.
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { Api } from "../api.ts";
import type { Receiver } from "./receiver.ts";
import { CUSTOMERS, INTEGRATION } from "./set-up.ts";

export const MODELS = ["Company", "Contact", "Ticket"];

export type Counts = { added: number; updated: number; deleted: number };
/** What was new in one customer's records of one model. */
export type News = { customer: string; model: string; counts: Counts };

type Meta = { last_action: "ADDED" | "UPDATED" | "DELETED"; cursor: string };
type Page = { records: { _nango_metadata: Meta }[]; next_cursor: string | null };

const PAGE = 1_000;
const WEBHOOK_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 20;
const COUNTED = { ADDED: "added", UPDATED: "updated", DELETED: "deleted" } as const;

const total = ({ added, updated, deleted }: Counts): number => added + updated + deleted;

/** An app with its cursors in memory. */
export const createApp = (api: Api) => {
  const cursors = new Map<string, string>();

  const readNew = async (customer: string, model: string): Promise<News> => {
    const counts = { added: 0, updated: 0, deleted: 0 };
    const headers = { "connection-id": customer, "provider-config-key": INTEGRATION };
    const key = `${customer}/${model}`;
    for (;;) {
      const query = { model, limit: PAGE, cursor: cursors.get(key) };
      const { records, next_cursor: next } = await api.get<Page>("/records", { query, headers });
      for (const { _nango_metadata: meta } of records) counts[COUNTED[meta.last_action]] += 1;
      const last = records.at(-1);
      if (last !== undefined) cursors.set(key, last._nango_metadata.cursor);
      if (next === null) return { customer, model, counts };
    }
  };

  return {
    /** Read what is behind the cursors, everything the first time, and move them. */
    readAll: async (): Promise<News[]> => {
      const news: News[] = [];
      for (const customer of CUSTOMERS) for (const model of MODELS) news.push(await readNew(customer, model));
      return news;
    },
  };
};

/** Resolves when a webhook told of everything in `news`; `from` is how many had come before. */
export const waitForWebhooks = async (
  receiver: Receiver,
  o: { news: News[]; from: number; signal: AbortSignal },
): Promise<void> => {
  const deadline = performance.now() + WEBHOOK_WITHIN_MS;
  const isTold = ({ customer, model, counts }: News): boolean => {
    const told = receiver.received
      .slice(o.from)
      .filter((hook) => hook.type === "sync" && hook.connectionId === customer && hook.model === model)
      .reduce((sum, { responseResults }) => sum + (responseResults ? total(responseResults) : 0), 0);
    return told >= total(counts);
  };
  while (!o.news.every(isTold)) {
    if (receiver.refused() > 0) throw new AppError("server_error", "A webhook came with a wrong signature.");
    if (performance.now() > deadline) throw new AppError("server_error", "A webhook did not come within 20 s.");
    await delay(LOOK_EVERY_MS, undefined, { signal: o.signal });
  }
};
