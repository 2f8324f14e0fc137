// Webhooks of providers in tests of the SQL: accepted by an insert, owed to syncs that listen.
import assert from "node:assert/strict";
import * as runs from "../../src/db/runs.ts";
import { handleInbox, takeWebhookCalls } from "../../src/db/webhook-calls.ts";
import { type Fence, type Ids, makeSync, type SyncOptions, type World } from "../helpers/world.ts";

export type Lookup = { by: string; value?: string };
export type Part = { events?: string[]; lookups?: Lookup[] };

const partOf = ({ events = ["changed"], lookups = [{ by: "all" }] }: Part) => ({
  events,
  lookups,
  from: "body",
  at: [],
});

/** Accept a webhook with these parts; its id. */
export const accept = (
  w: World,
  { environment, integration }: Ids,
  parts: Part[] = [{}],
  bytes = 100,
): Promise<number> =>
  w.one(
    `insert into syncline.inbox (environment_id, integration_id, verdict, content_sealed, bytes, parts)
     values ($1, $2, 'verified', 'sealed', $3, $4) returning id`,
    [environment, integration, bytes, JSON.stringify(parts.map(partOf))],
  );

export const handle = async (w: World) => {
  let total = 0;
  for (;;) {
    const { handled, has_more } = await handleInbox(w.db, { limit: 100 });
    total += handled;
    if (!has_more) return total;
  }
};

export const subscribe = (w: World, { function: id }: Ids, subscriptions: string[], o: { batch?: boolean } = {}) =>
  w.q("update syncline.functions set definition = $2 where id = $1", [
    id,
    {
      webhook_subscriptions: subscriptions,
      has_on_webhook: !o.batch,
      ...(o.batch && { has_on_webhook_batch: true }),
    },
  ]);

export const listening = async (w: World, o: SyncOptions & { batch?: boolean } = {}) => {
  const ids = await makeSync(w, { state: "paused", ...o });
  await subscribe(w, ids, ["*"], o);
  return ids;
};

export const calls = async (w: World, { sync }: Ids): Promise<string[]> =>
  (await w.q("select state, attempts from syncline.webhook_calls where sync_id = $1 order by id", [sync])).map(
    ({ state, attempts }) => `${state} ${attempts}`,
  );

export const take = async (w: World, fence: Fence): Promise<number> =>
  (await takeWebhookCalls(w.db, { ...fence, most: 100 })).length;

export const fail = (w: World, fence: Fence, type = "x") =>
  runs.failRun(w.db, { ...fence, error: { type, message: "no" } });

export const lawful = async (w: World) => assert.deepEqual(await runs.checkInvariants(w.db, {}), []);

export const ready = (w: World, { sync }: Ids) =>
  w.one("select count(*)::int from syncline.runs where sync_id = $1 and state = 'ready'", [sync]);
