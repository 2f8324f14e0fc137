// The task behind the doorbell "deliver": takes due webhooks and starts to send them. It does not wait for the answers, or
// slow receivers would hold the few places that helpers have; whenever a send ends, what came due meanwhile is taken.
import { setTimeout as pause } from "node:timers/promises";
import type { DataKeys } from "../crypto/data-keys.ts";
import { openSigningKey } from "../crypto/signing-key.ts";
import type { Db } from "../db/fn.ts";
import type { LogWriter } from "../db/log-writer.ts";
import { type ClaimedDelivery, claimDeliveries, finishDelivery, giveUpDelivery } from "../db/outbox.ts";
import type { Logger } from "../log.ts";
import type { HttpClient } from "../outbound/client.ts";
import { type Attempt, sendWebhook } from "../runs/webhook.ts";
import { composeWebhook } from "./webhook-message.ts";

const MOST_AT_ONCE = 256;
const MOST_A_CLAIM = 64;
const MS_BETWEEN_CLAIMS = 5; // while others are on their way: each send that ends would ask, and most would find nothing
const GRACE_MS = 3_000;

export type DeliverDeps = {
  db: Db;
  keys: DataKeys;
  http: HttpClient;
  logs: LogWriter;
  log: Logger;
  isStopping: () => boolean;
};

export type Deliveries = {
  /** Take what is due and start to send it. */
  task: () => Promise<void>;
  /** Once `isStopping`: what is on its way has 3 s; the rest comes due again by itself, in another process. */
  stop: () => Promise<void>;
};

const logLine = (delivery: ClaimedDelivery, attempt: Attempt, state: string | null) => ({
  environment_id: delivery.environment_id,
  connection_id: delivery.connection_id,
  run_id: delivery.run_id,
  kind: "webhook" as const,
  level: state === "delivered" ? ("info" as const) : state === "dead" ? ("error" as const) : ("warn" as const),
  message: `webhook ${delivery.kind} ${attempt.status ?? attempt.error}`,
  detail: {
    outbox: delivery.id,
    host: new URL(delivery.url).host,
    status: attempt.status,
    error: attempt.error,
    ms: attempt.ms,
    attempt: delivery.attempt,
    state,
  },
});

const CONTENT_GONE: Attempt = { status: null, ms: 0, error: "content_gone", retryAfterSeconds: null };

const deliver = ({ db, keys, http, logs }: DeliverDeps, stop: AbortSignal) => {
  const compose = composeWebhook({ db, keys });
  const send = sendWebhook({ http, stop });
  return async (delivery: ClaimedDelivery): Promise<void> => {
    const { id, token, url, uid, environment_id } = delivery;
    const message = await compose(delivery);
    if (message === null) {
      const state = await giveUpDelivery(db, { id, token, error: CONTENT_GONE.error });
      logs.write(logLine(delivery, CONTENT_GONE, state));
      return;
    }
    const signingKey = await openSigningKey(keys, environment_id, delivery.signing_key_sealed);
    const attempt = await send({ url, uid, signingKey }, message);
    const { status, ms, error, retryAfterSeconds } = attempt;
    const retryAfter = retryAfterSeconds === null ? null : `${retryAfterSeconds} s`;
    const state = await finishDelivery(db, { id, token, status, ms, error, retryAfter });
    logs.write(logLine(delivery, attempt, state));
  };
};

/** What sends the webhooks of a process: at most 256 at a time. */
export const createDeliveries = (deps: DeliverDeps): Deliveries => {
  const { db, log, isStopping } = deps;
  const sending = new Set<Promise<void>>();
  const giveUp = new AbortController();
  const deliverOne = deliver(deps, giveUp.signal);
  let claiming = Promise.resolve();
  let isClaiming = false;
  let isAskedAgain = false;

  // A failure must not end the process as an unhandled rejection: nobody waits for this.
  const start = (delivery: ClaimedDelivery): void => {
    const one = deliverOne(delivery)
      .catch((err) => log.warn({ event: "delivery.left", outbox: delivery.id, err }, "it comes due again by itself"))
      .finally(() => {
        sending.delete(one);
        claim().catch((err) => log.warn({ event: "claim.failed", err }, "the next tick will ring"));
      });
    sending.add(one);
  };

  const claimAll = async (): Promise<void> => {
    isClaiming = true;
    try {
      while (isAskedAgain && !isStopping()) {
        isAskedAgain = false;
        const limit = Math.min(MOST_A_CLAIM, MOST_AT_ONCE - sending.size);
        if (limit <= 0) return; // the next send that ends asks again
        const due = await claimDeliveries(db, { limit });
        for (const delivery of due) start(delivery);
        if (due.length === limit) isAskedAgain = true;
        else if (sending.size > 0) await pause(MS_BETWEEN_CLAIMS);
      }
    } finally {
      isClaiming = false;
    }
  };

  // One claim at a time, however many ask: whoever asks during one has the next.
  const claim = (): Promise<void> => {
    isAskedAgain = true;
    if (!isClaiming) claiming = claimAll();
    return claiming;
  };

  const stop = async (): Promise<void> => {
    const grace = new AbortController();
    const isOver = pause(GRACE_MS, undefined, { signal: grace.signal }).then(
      () => giveUp.abort(),
      () => {},
    );
    while (isClaiming || sending.size > 0) await Promise.allSettled([claiming, ...sending]);
    grace.abort();
    await isOver;
  };
  return { task: claim, stop };
};
