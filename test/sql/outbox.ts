// Webhooks in tests of the SQL: queued, claimed and ended as a sender does.
import { claimDeliveries, finishDelivery } from "../../src/db/outbox.ts";
import { type Ids, makeSync, type World } from "../helpers/world.ts";

/** Queue `{"n": …}` in a lane; null: in one of its own. */
export const into = (w: World, ids: Ids, lane: string | null, n: number) =>
  w.q("select syncline.enqueue_webhook($1, $2, null, 'sync', $3, $4)", [ids.environment, ids.connection, { n }, lane]);

/** A sync with one webhook queued. */
export const queued = async (w: World): Promise<Ids> => {
  const ids = await makeSync(w);
  await into(w, ids, null, 1);
  return ids;
};

export const claimOne = async (w: World) => (await claimDeliveries(w.db, { limit: 1 }))[0]!;

export const numbers = (got: { body: Record<string, unknown> }[]): number[] =>
  got.map(({ body }) => body.n as number).sort((a, b) => a - b);

export type Answer = { status?: number | null; error?: string | null; retryAfter?: string | null };

/** End an attempt with what the receiver answered. */
export const finish = (w: World, { id, token }: { id: number; token: number }, o: Answer) =>
  finishDelivery(w.db, {
    id,
    token,
    status: o.status ?? null,
    ms: 5,
    error: o.error ?? null,
    retryAfter: o.retryAfter ?? null,
  });

/** How the only endpoint is doing. */
export const endpoint = async (w: World) =>
  (
    await w.q(
      "select circuit, consecutive_failures, failed_probes, times_opened, last_status from syncline.webhook_endpoints",
    )
  )[0]!;
