// From what a subscription field asks for to its events.
import type { DataKeys } from "../../crypto/data-keys.ts";
import type { Pool } from "../../db/pool.ts";
import { readAs } from "../../db/read-as.ts";
import { AppError } from "../../errors.ts";
import { createEvents, type Source } from "./events.ts";
import type { Hub } from "./hub.ts";
import { type LogsAsked, openLogs } from "./logs.ts";
import type { Pace } from "./pace.ts";
import type { Reading } from "./reading.ts";
import { openRecords, type RecordsAsked } from "./records.ts";
import { openRuns, type RunsAsked } from "./runs.ts";
import { createShare } from "./share.ts";

declare global {
  namespace Grafast {
    interface Context {
      /** How fast the client takes events; there for operations that came by a way that can carry more than one. */
      pace?: Pace;
    }
  }
}

export type Asked = { context: Grafast.Context } & (
  | { field: "recordsChanged"; args: RecordsAsked }
  | { field: "runUpdated"; args: RunsAsked }
  | { field: "logAppended"; args: LogsAsked }
);

export type Subscriber = { subscribe: (asked: Asked) => AsyncIterableIterator<unknown> };

type Deps = { pool: Pool; hub: Hub; keys: DataKeys; role: string };

const openOf = (reading: Reading, asked: Asked): (() => Promise<Source<unknown>>) => {
  const args = Object.fromEntries(Object.entries(asked.args).map(([name, value]) => [name, value ?? null]));
  if (asked.field === "recordsChanged") return openRecords(reading, args as RecordsAsked);
  if (asked.field === "runUpdated") return openRuns(reading, args as RunsAsked);
  return openLogs(reading, args as LogsAsked);
};

/** What gives the events of subscription fields. */
export const createSubscriber = ({ pool, hub, keys, role }: Deps): Subscriber => {
  const share = createShare();
  return {
    subscribe: (asked) => {
      const { environment, pace } = asked.context;
      if (pace === undefined) {
        throw new AppError("query_invalid", "Subscribe over a WebSocket, or with Accept: text/event-stream.");
      }
      const reading: Reading = {
        environment,
        keys,
        share,
        readAs: (work) => readAs(pool, { role, environment }, work),
      };
      return createEvents({ hub, pace, open: openOf(reading, asked) });
    },
  };
};
