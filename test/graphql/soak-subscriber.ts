// One subscriber of the soak: goes on from its cursor whenever it is cut off or gives up by itself, and keeps the account:
// the position at which it saw each record last, and every position that did not come after all before it.
import { setTimeout as pause } from "node:timers/promises";
import { type Cursor, decodeCursor } from "../../src/db/cursor.ts";
import type { Seeded } from "../helpers/seed.ts";
import { follow } from "./subscribers.ts";

const QUERY = `subscription ($connection: String!, $after: String) {
  recordsChanged(integration: "acme", connectionId: $connection, model: "Contact", after: $after) {
    cursor
    records { id data _metadata { cursor } }
  }
}`;
const AGAIN_MS = 200;

type Changed = { cursor: string; records: { id: string; _metadata: { cursor: string } }[] };

export type SoakSubscriber = ReturnType<typeof startSubscriber>;

/** Follows a connection's records until stopped; `client` is made anew for each time it connects. */
export const startSubscriber = (o: {
  connection: string;
  /** Undefined: from now on. Empty: from the start. */
  after: string | undefined;
  client: () => Parameters<typeof follow>[0] & { dispose: () => unknown };
  random: Seeded;
  /** How long it stays connected at most. */
  longestMs: number;
}) => {
  const { random } = o;
  const seen = new Map<string, number>();
  const counts = { events: 0, changes: 0, doubled: 0, connects: 0, cutOff: 0 };
  let cursor = o.after;
  let start: number | undefined;
  let last = -1;
  let isStopped = false;
  let stop = (): void => {};

  const take = (event: Changed): void => {
    counts.events += 1;
    start ??= event.records.length > 0 || event.cursor === "" ? 0 : decodeCursor(event.cursor).pos;
    for (const { id, _metadata } of event.records) {
      const { pos } = decodeCursor(_metadata.cursor);
      if (pos <= last) counts.doubled += 1;
      last = pos;
      seen.set(id, pos);
      counts.changes += 1;
    }
    cursor = event.cursor;
  };

  const connectOnce = async (): Promise<void> => {
    const client = o.client();
    const events = follow(client, QUERY, { connection: o.connection, ...(cursor !== undefined && { after: cursor }) });
    counts.connects += 1;
    let hasGivenUp = false;
    stop = () => {
      hasGivenUp = true;
      events.stop().catch(() => {}); // with the reason for which it was cut off
      void Promise.resolve(client.dispose()).catch(() => {});
    };
    const patience = setTimeout(stop, random.below(o.longestMs));
    try {
      for (let event = await events.next(); event !== undefined && !hasGivenUp; event = await events.next())
        take(event);
    } catch {
      if (!hasGivenUp) counts.cutOff += 1;
    }
    clearTimeout(patience);
    stop();
  };

  const running = (async () => {
    while (!isStopped) {
      await connectOnce();
      if (!isStopped) await pause(random.below(AGAIN_MS));
    }
  })();
  const at = (): Cursor | undefined => (cursor === undefined || cursor === "" ? undefined : decodeCursor(cursor));
  return {
    counts,
    seen,
    /** Where it stands. */
    at,
    start: () => start ?? 0,
    stop: async () => {
      isStopped = true;
      stop();
      await running;
    },
  };
};
