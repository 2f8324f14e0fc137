// batchSave and batchDelete: compare first, seal and send only what the database asks for.
import { contentHash, sealAll } from "../../crypto/seal.ts";
import { diffRecords } from "../../db/records.ts";
import { sealPlace } from "../../db/seal-place.ts";
import { contentOf, readInput } from "./record-input.ts";
import type { RunHost } from "./run-host.ts";

const UNCHANGED = ".";
const MOST_NAMED = 10;

const warnOfDoubles = (host: RunHost, doubles: string[], model: string): void => {
  if (doubles.length === 0) return;
  host.say({
    kind: "message",
    level: "warn",
    message: `${doubles.length} records of ${model} came twice in one batch; the first of each was stored`,
    detail: { ids: doubles.slice(0, MOST_NAMED) },
  });
};

/** `batchSave(rows, model)`: at most 1,000 rows. */
export const batchSave =
  (host: RunHost) =>
  async (rows: unknown[], model: string): Promise<true> => {
    const { inputs, doubles } = readInput(rows, model);
    warnOfDoubles(host, doubles, model);
    const stream = await host.streamOf(model);
    const key = await host.keys.ofConnection(host.lease.connection_id);
    const ids = inputs.map(({ id }) => id);
    const texts = inputs.map(({ row }) => contentOf(row));
    const hashes = texts.map((text) => contentHash(key, text));
    const letters = await diffRecords(host.pool, { ...host.fence, stream, ids, hashes });
    const wanted = ids.flatMap((_, at) => (letters[at] === UNCHANGED ? [] : [at]));
    if (wanted.length === 0) return true;
    const payloads = sealAll(
      key,
      wanted.map((at) => texts[at]!),
      (index) => sealPlace(stream, ids[wanted[index]!]!),
    );
    await host.writes.hold({
      kind: "save",
      stream,
      ids: wanted.map((at) => ids[at]!),
      hashes: wanted.map((at) => hashes[at]!),
      payloads,
    });
    return true;
  };

const deletedAtOf = (row: Record<string, unknown>): string | null => {
  const time = new Date(String(row.deletedAt ?? ""));
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
};

/** `batchDelete(rows, model)`: marks as deleted; the payload stays. `deletedAt` on a row says when. */
export const batchDelete =
  (host: RunHost) =>
  async (rows: unknown[], model: string): Promise<true> => {
    const { inputs } = readInput(rows, model);
    const stream = await host.streamOf(model);
    const ids = inputs.map(({ id }) => id);
    await host.writes.hold({ kind: "remove", stream, ids, deletedAt: inputs.map(({ row }) => deletedAtOf(row)) });
    return true;
  };
