// Everything that lasts: subscriptions, the sockets and event streams that carry them, and the hub that wakes them.
import type { NodeGrafserv } from "postgraphile/grafserv/node";
import type { DataKeys } from "../../crypto/data-keys.ts";
import { createPool } from "../../db/pool.ts";
import type { Logger } from "../../log.ts";
import { READER } from "../preset.ts";
import type { Asker } from "../request.ts";
import { createAdmission } from "./admission.ts";
import { createEventStreams, type EventStreams } from "./event-streams.ts";
import { createHub } from "./hub.ts";
import { createOperations, type Operations } from "./operations.ts";
import { createLivePlugin } from "./plugin.ts";
import { createSockets, type Sockets } from "./sockets.ts";
import { createSubscriber } from "./subscriber.ts";

// Of their own, so that neither dear queries hold up subscriptions nor thousands of subscriptions queries.
const CONNECTIONS = 5;
const STATEMENT_TIMEOUT_MS = 10_000;

/** How often connections are looked after: a ping or heartbeat each time, the key every second time. */
const BEAT_MS = 15_000;

export type LiveDeps = { url: string; keys: DataKeys; log: Logger; beatMs?: number | undefined };

export type Live = {
  /** Adds the subscription fields to a schema. */
  plugin: GraphileConfig.Plugin;
  /** From now on take sockets and event streams for these servers. */
  open: (serverOf: (asker: Asker) => Promise<NodeGrafserv>) => Pick<Sockets, "upgrade"> & Pick<EventStreams, "answer">;
  /** End all sockets and event streams: their clients come again. */
  hangUp: () => Promise<void>;
  close: () => Promise<void>;
};

export const createLive = ({ url, keys, log, beatMs = BEAT_MS }: LiveDeps): Live => {
  const pool = createPool({
    url,
    max: CONNECTIONS,
    applicationName: `syncline live ${process.pid}`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    log,
  });
  const hub = createHub({ url, pool, log });
  const admission = createAdmission();
  const made = new WeakMap<NodeGrafserv, Operations>();
  let closeAll = async (): Promise<void> => {};
  return {
    plugin: createLivePlugin(createSubscriber({ pool, hub, keys, role: READER })),
    open: (serverOf) => {
      const operationsOf = async (asker: Asker): Promise<Operations> => {
        const server = await serverOf(asker);
        const operations = made.get(server) ?? createOperations(server);
        made.set(server, operations);
        return operations;
      };
      const sockets = createSockets({ operationsOf, admission, beatMs, log });
      const eventStreams = createEventStreams({ operationsOf, admission, beatMs });
      closeAll = async () => void (await Promise.all([sockets.close(), eventStreams.close()]));
      return { upgrade: sockets.upgrade, answer: eventStreams.answer };
    },
    hangUp: () => closeAll(),
    close: async () => {
      await closeAll();
      await hub.close();
      await pool.end();
    },
  };
};
