// The task behind the doorbell "deliver": sends due webhooks until none is left, many at a time, so that a slow receiver
// holds up none but its own.

import type { DataKeys } from "../crypto/data-keys.ts";
import { signingKeyPlace } from "../crypto/places.ts";
import { openJson } from "../crypto/seal.ts";
import type { Db } from "../db/fn.ts";
import type { LogWriter } from "../db/log-writer.ts";
import { type ClaimedDelivery, claimDeliveries, finishDelivery } from "../db/outbox.ts";
import type { Logger } from "../log.ts";
import type { HttpClient } from "../outbound/client.ts";
import { type Attempt, sendWebhook } from "../runs/webhook.ts";

const MOST_AT_ONCE = 32;

export type DeliverDeps = {
  db: Db;
  keys: DataKeys;
  http: HttpClient;
  logs: LogWriter;
  log: Logger;
  isStopping: () => boolean;
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

const deliver =
  ({ db, keys, http, logs }: DeliverDeps) =>
  async (delivery: ClaimedDelivery): Promise<void> => {
    const key = await keys.ofEnvironment(delivery.environment_id);
    const place = signingKeyPlace(delivery.environment_id);
    const attempt = await sendWebhook({ http })(delivery, openJson(key, delivery.signing_key_sealed, place) as string);
    const state = await finishDelivery(db, {
      id: delivery.id,
      token: delivery.token,
      status: attempt.status,
      ms: attempt.ms,
      error: attempt.error,
      retryAfter: attempt.retryAfterSeconds === null ? null : `${attempt.retryAfterSeconds} s`,
    });
    logs.write(logLine(delivery, attempt, state));
  };

// A failure here must not end the process as an unhandled rejection: nobody may be waiting for this one just now.
const deliverOrLeave =
  (deps: DeliverDeps) =>
  async (delivery: ClaimedDelivery): Promise<void> => {
    await deliver(deps)(delivery).catch((err) => {
      deps.log.warn({ event: "delivery.left", outbox: delivery.id, err }, "it comes due again by itself");
    });
  };

/** Send due webhooks until none is due or the worker stops. */
export const createDeliverTask = (deps: DeliverDeps) => async (): Promise<void> => {
  const sending = new Set<Promise<void>>();
  while (!deps.isStopping()) {
    const due = await claimDeliveries(deps.db, { limit: MOST_AT_ONCE - sending.size });
    for (const delivery of due) {
      const one = deliverOrLeave(deps)(delivery).finally(() => sending.delete(one));
      sending.add(one);
    }
    if (sending.size === 0) return;
    if (due.length === 0 || sending.size >= MOST_AT_ONCE) await Promise.race(sending);
  }
  await Promise.allSettled(sending);
};
