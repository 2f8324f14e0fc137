// The public keys of providers, fetched once in an hour at most; asked for again when one is missing, and then not more than once in 30 s.
const KEPT_MS = 60 * 60 * 1000;
const FRESH_MS = 30 * 1000;
const FAILED_MS = 10 * 1000;
// Addresses come out of webhooks: who sends many must not fill the memory.
const MOST = 100;

type Kept = { at: number; isFailed: boolean; keys: Promise<unknown> };
type Deps = { fetchJson: (url: string) => Promise<unknown>; now: () => number };

/** The `fetchKeys` of `judge`. `fetchJson` goes through the guarded client; what fails is not tried again at once. */
export const createKeys = ({ fetchJson, now }: Deps) => {
  const kept = new Map<string, Kept>();

  const fetchNow = (url: string): Promise<unknown> => {
    const one: Kept = { at: now(), isFailed: false, keys: fetchJson(url) };
    one.keys.catch(() => {
      one.isFailed = true;
    });
    kept.delete(url);
    kept.set(url, one);
    const [oldest] = kept.keys();
    if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    return one.keys;
  };

  return (url: string, isFresh = false): Promise<unknown> => {
    const found = kept.get(url);
    if (found === undefined) return fetchNow(url);
    const good = isFresh ? FRESH_MS : KEPT_MS;
    return now() - found.at < (found.isFailed ? FAILED_MS : good) ? found.keys : fetchNow(url);
  };
};
