// The public keys that providers sign with, fetched from their addresses and kept for a while. Who may be asked is said by the
// provider's rule; addresses are checked as for any request.
import { AppError } from "../errors.ts";
import type { HttpClient } from "./client.ts";

const KEPT_MS = 60 * 60_000;
const FRESH_MS = 60_000; // so often an unknown key may make us ask again
const PATIENCE_MS = 5_000;
const MOST_KEPT = 100;

/** The JSON at this address, from memory where it is not older than an hour; with `isFresh` than a minute. */
export type FetchKeys = (url: string, isFresh?: boolean) => Promise<unknown>;

type Kept = { at: number; keys: Promise<unknown> };

const load = async (http: HttpClient, url: string): Promise<unknown> => {
  const request = { method: "GET", url: new URL(url), headers: { accept: "application/json" }, body: null };
  const { status, body } = await http.exchange(request, AbortSignal.timeout(PATIENCE_MS));
  if (status !== 200) throw new AppError("provider_unreachable", `The keys at ${url} came with status ${status}.`);
  return JSON.parse(body.toString("utf8"));
};

/** A memory of public keys. What could not be fetched is not remembered. */
export const createFetchKeys = (http: HttpClient): FetchKeys => {
  const memory = new Map<string, Kept>();
  return (url, isFresh = false) => {
    const known = memory.get(url);
    if (known !== undefined && Date.now() - known.at < (isFresh ? FRESH_MS : KEPT_MS)) return known.keys;
    const keys = load(http, url);
    memory.delete(url);
    if (memory.size >= MOST_KEPT) memory.delete(memory.keys().next().value as string);
    memory.set(url, { at: Date.now(), keys });
    keys.catch(() => memory.get(url)?.keys === keys && memory.delete(url));
    return keys;
  };
};
