// One coalescing doorbell for the outbox: a notify in every transaction costs three quarters of the commits (6,299 a
// second became 762), so finished runs only say "there is something" and the bell rings at most every 50 ms.
// Rung late or never, it does no harm: the tick rings for whatever is due.
import { coalesce } from "../db/coalesce.ts";
import type { Db } from "../db/fn.ts";
import { ringInbox } from "../db/inbox.ts";
import { ringDeliveries } from "../db/outbox.ts";
import type { Logger } from "../log.ts";

const MS_BETWEEN_RINGS = 50;

/** A function to call whenever webhooks were queued. */
export const createDoorbell = ({ db, log }: { db: Db; log: Logger }): (() => void) =>
  coalesce(MS_BETWEEN_RINGS, () => {
    ringDeliveries(db, {}).catch((err) => log.warn({ event: "doorbell.failed", err }, "the next tick will ring"));
  });

/** A function to call whenever webhooks of providers were stored. */
export const createInboxBell = ({ db, log }: { db: Db; log: Logger }): (() => void) => {
  const ring = coalesce(MS_BETWEEN_RINGS, () => {
    ringInbox(db, {}).catch((err) => log.warn({ event: "doorbell.failed", err }, "the next tick will ring"));
  });
  return () => void ring()?.unref();
};
