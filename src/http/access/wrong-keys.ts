// Who guesses keys has to wait, by address: guessing is slow, and the database is not asked about each guess. A key that was
// good here a while ago is no guess, so nobody is locked out by a neighbour behind the same address.
import type { Request } from "express";
import { ipKeyGenerator, MemoryStore } from "express-rate-limit";
import { AppError } from "../../errors.ts";

const WINDOW_MS = 60_000;
const MOST = 100;

/** Runs a lookup of what the request presents; it counts as a guess of its address unless something is found. */
export type Guess = <T>(req: Request, lookup: () => Promise<T | null>) => Promise<T | null>;

/** Throws `too_many_request` to an address with 100 wrong guesses within a minute. */
export const createGuess = (): Guess => {
  const store = new MemoryStore();
  store.init({ windowMs: WINDOW_MS } as Parameters<typeof store.init>[0]);
  return async (req, lookup) => {
    const address = ipKeyGenerator(req.ip ?? "");
    const { totalHits, resetTime } = await store.increment(address);
    if (totalHits > MOST) {
      const waitMs = (resetTime?.getTime() ?? 0) - Date.now();
      req.res?.set("Retry-After", String(Math.max(1, Math.ceil(waitMs / 1000))));
      throw new AppError("too_many_request", "Too many wrong keys came from this address.", {
        additional: { method: req.method, path: req.path },
      });
    }
    const found = await lookup();
    if (found !== null) await store.decrement(address);
    return found;
  };
};
