// What the parts of a run's host share: the lease, the order of writes, the streams it writes to, its log.
import type { DataKeys } from "../../crypto/data-keys.ts";
import type { LogLine } from "../../db/logs.ts";
import type { Pool } from "../../db/pool.ts";
import { openStream } from "../../db/records.ts";
import type { Lease } from "../../db/runs.ts";
import { AppError } from "../../errors.ts";
import { createHeldWrites, type HeldWrites } from "./held-writes.ts";
import { createRedactor, type Redactor } from "./redact.ts";
import { createSerial, type Serial } from "./serial.ts";

export type Fence = { run: number; token: number };

export type Say = (line: Pick<LogLine, "kind" | "level" | "message"> & { detail?: unknown }) => void;

export type RunHost = {
  pool: Pool;
  keys: DataKeys;
  lease: Lease;
  fence: Fence;
  say: Say;
  redactor: Redactor;
  /** Calls that touch records or the checkpoint, one after another. */
  inOrder: Serial;
  writes: HeldWrites;
  streamOf: (model: string) => Promise<number>;
  /** Set when the time slice is over: every further call is refused and the run goes on in a new one. */
  interrupt: () => void;
  isInterrupted: () => boolean;
};

const modelName = (model: unknown): string => {
  if (typeof model === "string" && model !== "") return model;
  throw new AppError("invalid_sync_record", "the name of the model is missing");
};

/** The shared state of one run on the host's side. */
export const createRunHost = (deps: { pool: Pool; keys: DataKeys; lease: Lease; say: Say }): RunHost => {
  const { pool, lease } = deps;
  const fence = { run: lease.id, token: lease.token };
  const streams = new Map<string, Promise<number>>();
  const redactor = createRedactor();
  let interrupted = false;
  let failure: { error: unknown } | undefined;

  const serial = createSerial();
  const inOrder: Serial = (work) =>
    serial(async () => {
      if (failure !== undefined) throw failure.error;
      return work();
    });
  // A write nobody awaits fails the next call instead of nothing.
  const flushInBackground = (): void => {
    inOrder(() => writes.flush()).catch((error) => {
      failure ??= { error };
    });
  };
  const writes = createHeldWrites({ pool, fence, onIdle: flushInBackground });

  return {
    ...deps,
    say: (line) => deps.say(redactor.redact(line) as typeof line),
    redactor,
    fence,
    inOrder,
    writes,
    streamOf: (given) => {
      const model = modelName(given);
      const known = streams.get(model) ?? openStream(pool, { ...fence, model });
      streams.set(model, known);
      return known;
    },
    interrupt: () => {
      interrupted = true;
    },
    isInterrupted: () => interrupted,
  };
};
