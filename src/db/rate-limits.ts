// Bindings of sql/26_rate_limit.sql, and one process's share in them: what it learns it tells, what others learn it hears.
import { z } from "zod";
import type { Logger } from "../log.ts";
import { fn, rows, value } from "./fn.ts";
import { listen } from "./listen.ts";
import type { Pool } from "./pool.ts";

// Notices come within milliseconds; this is for those lost on a connection that died without a word.
const READ_AGAIN_MS = 10_000;

const Blocked = z.object({
  scope: z.enum(["connection", "integration"]),
  account: z.number(),
  host: z.string(),
  part: z.string(),
  wait_ms: z.number(),
});

export const learnRateLimit = fn(
  "learn_rate_limit",
  {
    scope: "text",
    account: "int",
    host: "text",
    part: "text",
    waitMs: "bigint",
    source: "text",
    remaining: "int",
  },
  value(z.number()),
);
export const currentRateLimits = fn("current_rate_limits", {}, rows(Blocked));
export const rateLimitWait = fn(
  "rate_limit_wait",
  { connection: "int", host: "text", part: "text?" },
  value(z.number()),
);
export const liftRateLimits = fn("lift_rate_limits", { connection: "int" }, value(z.number()));

type Learned = Parameters<typeof learnRateLimit>[1];
type Heard = Pick<z.infer<typeof Blocked>, "scope" | "account" | "host" | "part"> & { waitMs: number };

const toHeard = ({ wait_ms: waitMs, ...bucket }: z.infer<typeof Blocked>): Heard => ({ ...bucket, waitMs });

/**
 * What this process shares with the others about limits. Costs no statement per request: one when it learns, one each 10 s,
 * and a connection that listens. Whoever hears first gets all that is known.
 */
export const shareRateLimits = (deps: { pool: Pool; url: string; log: Logger }) => {
  const { pool, log } = deps;
  let hear = (_block: Heard): void => {};

  const read = async (): Promise<void> => {
    for (const block of await currentRateLimits(pool, {})) hear(toHeard(block));
  };
  const readLater = (): void => {
    read().catch((err) => log.warn({ event: "rate_limits.not_read", err }, "trying again"));
  };
  const onNotice = (payload: string): void => {
    try {
      hear(toHeard(Blocked.parse(JSON.parse(payload))));
    } catch {
      readLater(); // anybody may notify; the table is the truth
    }
  };
  const listening = listen({
    url: deps.url,
    channel: "syncline_limited",
    applicationName: `syncline limits ${process.pid}`,
    onNotice,
    onListening: readLater,
    log,
  });
  const timer = setInterval(readLater, READ_AGAIN_MS).unref();

  return {
    learn: (block: Learned): Promise<number> => learnRateLimit(pool, block),
    onHeard: (given: (block: Heard) => void): void => {
      hear = given;
    },
    /** Resolves when all that is known now was heard. */
    read,
    close: async (): Promise<void> => {
      clearInterval(timer);
      await listening.close();
    },
  };
};
