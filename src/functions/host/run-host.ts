// What the parts of a run's host share: the lease, the order of writes, the streams it writes to, its log.
import type { DataKeys } from "../../crypto/data-keys.ts";
import { delivering, openLanding } from "../../db/landings.ts";
import type { LogLine } from "../../db/logs.ts";
import type { Pool } from "../../db/pool.ts";
import type { Lease } from "../../db/runs.ts";
import { AppError, hasCode } from "../../errors.ts";
import { createHeldWrites, type HeldWrites } from "./held-writes.ts";
import { createRowWriter, fill, type OpenLanding } from "./landing.ts";
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
  /** To call after a commit that changed records. */
  onSaved: () => void;
  streamOf: (model: string) => Promise<number>;
  /** Where the records of a stream are delivered, once streamOf has named it. */
  landingOf: (stream: number) => OpenLanding | undefined;
  /** Set when the time slice is over: every further call is refused and the run goes on in a new one. */
  interrupt: () => void;
  isInterrupted: () => boolean;
};

const modelName = (model: unknown): string => {
  if (typeof model === "string" && model !== "") return model;
  throw new AppError("invalid_sync_record", "the name of the model is missing");
};

/** The shared state of one run on the host's side. */
export const createRunHost = (deps: {
  pool: Pool;
  keys: DataKeys;
  lease: Lease;
  say: Say;
  signal?: AbortSignal;
  onSaved?: (() => void) | undefined;
}): RunHost => {
  const { pool, lease, onSaved = () => {} } = deps;
  const fence = { run: lease.id, token: lease.token };
  const streams = new Map<string, Promise<number>>();
  const landings = new Map<number, OpenLanding>();
  const redactor = createRedactor();
  let interrupted = false;
  let failure: { error: unknown } | undefined;

  const serial = createSerial();
  const inOrder: Serial = (work) =>
    serial(async () => {
      if (failure !== undefined) throw failure.error;
      try {
        return await work();
      } catch (error) {
        // Whatever the function makes of it: records would be missing for good if it went on to its next checkpoint.
        if (hasCode(error, "delivery_failed")) failure = { error };
        throw error;
      }
    });
  // A write nobody awaits fails the next call instead of nothing.
  const flushInBackground = (): void => {
    inOrder(() => writes.flush()).catch((error) => {
      failure ??= { error };
    });
  };
  const lands = (stream: number): boolean => landings.has(stream);
  const writes = createHeldWrites({ pool, fence, onIdle: flushInBackground, lands, onSaved });
  const say: Say = (line) => deps.say(redactor.redact(line) as typeof line);

  const open = async (model: string): Promise<number> => {
    const found = await delivering(openLanding(pool, { ...fence, model }));
    const { stream, landing: id, table_name: table, columns, records } = found;
    if (id === null || table === null || columns === null) return stream;
    const landing = { id, table, columns, toRows: createRowWriter({ id, table, columns }) };
    const fillDeps = { pool, keys: deps.keys, fence, connection: lease.connection_id, say, signal: deps.signal };
    if (!found.is_filled) await fill(fillDeps, landing, stream, records ?? 0);
    landings.set(stream, landing);
    return stream;
  };

  return {
    ...deps,
    say,
    redactor,
    fence,
    inOrder,
    writes,
    onSaved,
    streamOf: (given) => {
      const model = modelName(given);
      const known = streams.get(model) ?? open(model);
      streams.set(model, known);
      return known;
    },
    landingOf: (stream) => landings.get(stream),
    interrupt: () => {
      interrupted = true;
    },
    isInterrupted: () => interrupted,
  };
};
