// How often a key may call in a minute. Each process counts in memory and shares its counts about once a second. A request
// costs 3 us and waits for no statement, which would be 0.1 ms and a row lock each time; in return, several processes let a
// key exceed its limit by what the others take in that second. Where counts cannot be shared, each process goes by its own.
import type { Request, Response } from "express";
import { rateLimit, type Store } from "express-rate-limit";
import type { Pool } from "../../db/pool.ts";
import { shareRequestCounts } from "../../db/request-counts.ts";
import { AppError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { callerOf } from "./caller.ts";

const WINDOW_MS = 60_000;
const SHARED_EVERY_MS = 1_000;

type Deps = { db: Pool; log: Logger; limit: number };

/** What one process knows of a bucket: what all had counted when it last shared, and what it has counted since. */
type Count = { all: number; since: number };

const createStore = ({ db, log }: Deps): Store => {
  const counts = new Map<string, Count>();
  let start = 0;
  let timer: NodeJS.Timeout | undefined;

  const share = async (): Promise<void> => {
    const window = start;
    const mine = [...counts].filter(([, { since }]) => since > 0).map(([bucket, { since }]) => ({ bucket, since }));
    const told = await shareRequestCounts(db, {
      windowStart: new Date(window).toISOString(),
      buckets: mine.map(({ bucket }) => bucket),
      added: mine.map(({ since }) => since),
    });
    if (window !== start) return;
    const totals = new Map(told.map(({ bucket, requests }) => [bucket, requests]));
    for (const { bucket, since } of mine) {
      const count = counts.get(bucket)!;
      count.all = totals.get(bucket) ?? count.all;
      count.since -= since;
    }
  };

  const shareLater = (): void => {
    if (timer !== undefined) return;
    timer = setTimeout(async () => {
      await share().catch((err: unknown) => {
        if (!db.ending) log.warn({ event: "rate_limit.not_shared", err }, "each process goes by its own counts");
      });
      timer = undefined;
    }, SHARED_EVERY_MS).unref();
  };

  return {
    increment: (bucket) => {
      const now = Date.now();
      if (now - start >= WINDOW_MS) {
        counts.clear();
        start = now - (now % WINDOW_MS);
      }
      const count = counts.get(bucket) ?? { all: 0, since: 0 };
      counts.set(bucket, count);
      count.since += 1;
      shareLater();
      return { totalHits: count.all + count.since, resetTime: new Date(start + WINDOW_MS) };
    },
    decrement: () => {},
    resetKey: (bucket) => void counts.delete(bucket),
  };
};

// Calls that functions make have a bucket of their own: a busy sync does not keep its app from calling.
const bucketOf = (req: Request, res: Response): string => {
  const caller = callerOf(res);
  if (caller === undefined || caller.kind === "account") return "account";
  if (caller.kind === "session") return `session:${caller.session.id}`;
  return `key:${caller.key}${req.get("nango-is-script") === "true" ? ":script" : ""}`;
};

/** Counts a request for its key: sets the X-RateLimit headers, throws `too_many_request` beyond the limit. */
export const createRateLimit = (deps: Deps): ((req: Request, res: Response) => Promise<void>) => {
  const count = rateLimit({
    windowMs: WINDOW_MS,
    limit: deps.limit,
    store: createStore(deps),
    keyGenerator: bucketOf,
    passOnStoreError: true,
    validate: false, // its warnings go to the console, and are about addresses, which we do not count by
    handler: ({ method, path }, _res, next) => {
      next(new AppError("too_many_request", undefined, { additional: { method, path } }));
    },
  });
  return (req, res) =>
    new Promise((resolve, reject) => {
      void count(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    });
};
