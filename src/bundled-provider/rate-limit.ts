// At most so many requests of one caller in each window of time, said in headers as most APIs do.
import type { Clock } from "./world.ts";

export type RateLimit = { requests: number; windowMs: number };
type Verdict = { isAllowed: boolean; headers: Record<string, string> };

/** Counts requests in fixed windows, each of which starts with a caller's first request in it. */
export const createRateLimit = ({ clock, limit }: { clock: Clock; limit: RateLimit | null }) => {
  const windows = new Map<string, { endsAt: number; used: number }>();
  let current = limit;

  return {
    /** Counts one request. The headers are empty when there is no limit. */
    take: (caller: string): Verdict => {
      if (!current) return { isAllowed: true, headers: {} };
      const now = clock.now();
      const known = windows.get(caller);
      const window = known && now < known.endsAt ? known : { endsAt: now + current.windowMs, used: 0 };
      windows.set(caller, window);
      const isAllowed = window.used < current.requests;
      if (isAllowed) window.used += 1;
      const headers = {
        "x-ratelimit-limit": String(current.requests),
        "x-ratelimit-remaining": String(current.requests - window.used),
        "x-ratelimit-reset": String(Math.ceil(window.endsAt / 1000)),
      };
      if (isAllowed) return { isAllowed, headers };
      return { isAllowed, headers: { ...headers, "retry-after": String(Math.ceil((window.endsAt - now) / 1000)) } };
    },
    /** Sets another limit, or none, and forgets what was used. */
    set: (next: RateLimit | null): void => {
      current = next;
      windows.clear();
    },
    reset: (): void => {
      current = limit;
      windows.clear();
    },
  };
};
