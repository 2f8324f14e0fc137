// The public keys that providers sign with, fetched from their addresses and kept for a while. Who may be asked is said by the
// provider's rule; addresses are checked as for any request.
import { AppError } from "../errors.ts";
import type { HttpClient } from "./client.ts";

const KEPT_MS = 60 * 60_000;
const FRESH_MS = 60_000; // so often an unknown key may make us ask again
const FAILED_MS = 5_000; // anybody may send us webhooks: they must not make us ask once for each
const PATIENCE_MS = 5_000;
const MOST_KEPT = 100;

/**
 * The JSON at this address, from memory where it is not older than an hour; with `isFresh` than a minute, unless there is
 * nothing newer to be had.
 */
export type FetchKeys = (url: string, isFresh?: boolean) => Promise<unknown>;

/** `at`: when what serves was asked for (nothing does: never); `failedAt`: when asking for something newer failed. */
type Kept = { at: number; failedAt: number; keys: Promise<unknown> };

const load = async (http: HttpClient, url: string): Promise<unknown> => {
  const request = { method: "GET", url: new URL(url), headers: { accept: "application/json" }, body: null };
  const { status, body } = await http.exchange(request, AbortSignal.timeout(PATIENCE_MS));
  if (status !== 200) throw new AppError("provider_unreachable", `The keys at ${url} came with status ${status}.`);
  return JSON.parse(body.toString("utf8"));
};

const NEVER = -Infinity;

const isYoung = ({ at }: Kept, ms: number): boolean => Date.now() - at < ms;

/** A memory of public keys, and for some seconds of failures. */
export const createFetchKeys = (http: HttpClient): FetchKeys => {
  const memory = new Map<string, Kept>();

  const keep = (url: string, kept: Kept): void => {
    memory.delete(url);
    if (memory.size >= MOST_KEPT) memory.delete(memory.keys().next().value as string);
    memory.set(url, kept);
  };

  const ask = (url: string, known: Kept | undefined): Promise<unknown> => {
    const older = known && isYoung(known, KEPT_MS) ? known : undefined;
    const failed = (error: unknown): unknown => {
      if (older === undefined) {
        keep(url, { ...kept, at: NEVER, failedAt: Date.now() });
        throw error;
      }
      keep(url, { ...older, failedAt: Date.now() });
      return older.keys;
    };
    const kept: Kept = { at: Date.now(), failedAt: NEVER, keys: load(http, url).catch(failed) };
    keep(url, kept);
    return kept.keys;
  };

  return (url, isFresh = false) => {
    const known = memory.get(url);
    if (known === undefined) return ask(url, known);
    const serves = isYoung(known, isFresh ? FRESH_MS : KEPT_MS) || Date.now() - known.failedAt < FAILED_MS;
    return serves ? known.keys : ask(url, known);
  };
};
