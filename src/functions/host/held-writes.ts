// Writes of records, held back for a moment so that they commit together with the checkpoint that covers them.
// A held write is invisible outside the run: whatever the function does next that could be seen (a request, a read of
// records, its end) sends it first. So a crash leaves both page and checkpoint or neither, and no committed page is
// fetched again. Bounded in rows and bytes, and sent after a tenth of a second without a call.
import { saveCheckpoint } from "../../db/checkpoints.ts";
import type { Db } from "../../db/fn.ts";
import { delivering } from "../../db/landings.ts";
import type { Pool } from "../../db/pool.ts";
import { removeRecords, saveRecords } from "../../db/records.ts";
import { inTransaction } from "../../db/tx.ts";

const MAX_ROWS = 2_000;
const MAX_BYTES = 4 * 1024 * 1024;
const IDLE_MS = 100;

type Save = {
  kind: "save";
  stream: number;
  ids: string[];
  hashes: Buffer[];
  payloads: Buffer[];
  /** Where the stream is delivered: the landing, and the records as its rows. */
  landing?: number;
  rows?: string;
};
type Remove = { kind: "remove"; stream: number; ids: string[]; deletedAt: (string | null)[] };
export type Write = Save | Remove;

type Checkpoint = Record<string, unknown>;

const bytesOf = (write: Write): number =>
  write.kind === "remove" ? 0 : write.payloads.reduce((sum, payload) => sum + payload.length, write.rows?.length ?? 0);

export type HeldWrites = {
  hold: (write: Write) => Promise<void>;
  /** True when a write to one of these records may not be committed yet. */
  holds: (stream: number, ids: string[]) => boolean;
  /** Commit what is held, and the checkpoint with it; true when the run's time slice is over. */
  flush: (checkpoint?: Checkpoint) => Promise<boolean>;
};

/** The held writes of one run. `onIdle` is called when something has been held for a while: it must call `flush` in turn. */
export const createHeldWrites = (deps: {
  pool: Pool;
  fence: { run: number; token: number };
  onIdle: () => void;
  lands: (stream: number) => boolean;
  /** Called after each commit of records. */
  onSaved?: () => void;
}): HeldWrites => {
  const { pool, fence, lands } = deps;
  let held: Write[] = [];
  let rows = 0;
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let heldIds = new Set<string>();
  let sending: Promise<unknown> = Promise.resolve();
  let sendingIds = heldIds;

  const send = async (db: Db, write: Write, checkpoint: Checkpoint | null): Promise<boolean> => {
    const { kind, ...given } = write;
    if (kind === "save")
      return (await saveRecords(db, { ...fence, ...(given as Save), checkpoint })).is_slice_over ?? false;
    await removeRecords(db, { ...fence, ...(given as Remove) });
    return false;
  };

  const sendAll = (writes: Write[], checkpoint: Checkpoint | undefined): Promise<boolean> =>
    inTransaction(pool, async (db) => {
      for (const write of writes) await send(db, write, null);
      return checkpoint === undefined ? false : saveCheckpoint(db, { ...fence, value: checkpoint });
    });

  // Streams are locked in the order of their ids by everybody; the sort keeps the order of writes to one stream.
  const take = (): Write[] => {
    clearTimeout(timer);
    const writes = held.toSorted((a, b) => a.stream - b.stream);
    held = [];
    sendingIds = heldIds;
    heldIds = new Set();
    rows = 0;
    bytes = 0;
    return writes;
  };

  const write = async (writes: Write[], checkpoint?: Checkpoint): Promise<boolean> => {
    const [only] = writes;
    if (only === undefined)
      return checkpoint === undefined ? false : saveCheckpoint(pool, { ...fence, value: checkpoint });
    // Rows of others may be locked there in any order: a transaction is tried again after a deadlock.
    if (writes.some(({ stream }) => lands(stream))) return await delivering(sendAll(writes, checkpoint));
    if (writes.length === 1 && (only.kind === "save" || checkpoint === undefined)) {
      return send(pool, only, checkpoint ?? null);
    }
    return sendAll(writes, checkpoint);
  };

  const commit = async (writes: Write[], checkpoint?: Checkpoint): Promise<boolean> => {
    const isSliceOver = await write(writes, checkpoint);
    if (writes.length > 0) deps.onSaved?.();
    return isSliceOver;
  };

  const flush = async (checkpoint?: Checkpoint): Promise<boolean> => {
    const writes = take();
    await sending;
    const isSliceOver = await commit(writes, checkpoint);
    sendingIds.clear();
    return isSliceOver;
  };

  const hold = async (write: Write): Promise<void> => {
    held.push(write);
    for (const id of write.ids) heldIds.add(`${write.stream} ${id}`);
    rows += write.ids.length;
    bytes += bytesOf(write);
    if (rows > MAX_ROWS || bytes > MAX_BYTES) {
      // In the background, so that the next page is compared and sealed meanwhile; one at a time bounds the memory.
      await sending;
      sending = commit(take());
      sending.catch(() => {}); // whoever awaits it next gets the error
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(deps.onIdle, IDLE_MS);
    timer.unref();
  };

  const holds = (stream: number, ids: string[]): boolean => {
    if (heldIds.size === 0 && sendingIds.size === 0) return false;
    return ids.some((id) => {
      const key = `${stream} ${id}`;
      return heldIds.has(key) || sendingIds.has(key);
    });
  };

  return { hold, holds, flush };
};
