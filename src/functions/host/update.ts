// batchUpdate: partial records merged into what is stored. The merge happens here, where the payload can be opened, so a
// record that another writer changed between the read and the write is read and merged again.
import mergeWith from "es-toolkit/compat/mergeWith";
import type { DataKey } from "../../crypto/keyring.ts";
import { contentHash, open, sealAll } from "../../crypto/seal.ts";
import { delivering } from "../../db/landings.ts";
import { diffRecords, getRecords, replaceRecords } from "../../db/records.ts";
import { sealPlace } from "../../db/seal-place.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError } from "../../errors.ts";
import { contentOf, type Input, readInput } from "./record-input.ts";
import type { RunHost } from "./run-host.ts";

const MAX_ROUNDS = 10;
const CHANGED_MEANWHILE = "!";

const replaceArrays = (_old: unknown, given: unknown): unknown => (Array.isArray(given) ? given : undefined);

type Merged = { input: Input; row: Input["row"]; pos: number; text: string; isChanged: boolean };

// An update that changes nothing still says that the record is there: a refresh must not delete it.
const noteSeen = async (host: RunHost, stream: number, key: DataKey, unchanged: Merged[]): Promise<void> => {
  if (unchanged.length === 0) return;
  const ids = unchanged.map(({ input }) => input.id);
  const hashes = unchanged.map(({ text }) => contentHash(key, text));
  await diffRecords(host.pool, { ...host.fence, stream, ids, hashes });
};

const mergeRound = async (host: RunHost, stream: number, inputs: Input[], model: string): Promise<Input[]> => {
  const key = await host.keys.ofConnection(host.lease.connection_id);
  const stored = await getRecords(host.pool, { stream, ids: inputs.map(({ id }) => id) });
  const byId = new Map(inputs.map((input) => [input.id, input]));
  const all: Merged[] = [];
  for (const { external_id: id, pos, payload } of stored) {
    if (payload === null) {
      const message = `record ${id} of ${model} was pruned and cannot be updated in part; save it whole`;
      host.say({ kind: "message", level: "warn", message });
      continue;
    }
    const before = open(key, payload, sealPlace(stream, id));
    const input = byId.get(id)!;
    const row = mergeWith(JSON.parse(before), input.row, replaceArrays);
    const text = contentOf(row);
    all.push({ input, row, pos, text, isChanged: text !== before });
  }
  await noteSeen(
    host,
    stream,
    key,
    all.filter(({ isChanged }) => !isChanged),
  );
  const merged = all.filter(({ isChanged }) => isChanged);
  if (merged.length === 0) return [];
  const landing = host.landingOf(stream);
  const contents = {
    ...host.fence,
    stream,
    ids: merged.map(({ input }) => input.id),
    hashes: merged.map(({ text }) => contentHash(key, text)),
    payloads: sealAll(
      key,
      merged.map(({ text }) => text),
      (at) => sealPlace(stream, merged[at]!.input.id),
    ),
    positions: merged.map(({ pos }) => pos),
  };
  const letters =
    landing === undefined
      ? await replaceRecords(host.pool, contents)
      : await delivering(
          inTransaction(host.pool, (db) =>
            replaceRecords(db, {
              ...contents,
              landing: landing.id,
              rows: landing.toRows(
                merged.map(({ input, row }) => ({ id: input.id, row })),
                merged.map(({ text }) => text),
              ),
            }),
          ),
        );
  host.onSaved();
  return merged.flatMap(({ input }, at) => (letters[at] === CHANGED_MEANWHILE ? [input] : []));
};

/** `batchUpdate(rows, model)`: deep merge, arrays replaced; unknown and deleted ids are passed over. */
export const batchUpdate =
  (host: RunHost) =>
  async (rows: unknown[], model: string): Promise<true> => {
    const stream = await host.streamOf(model);
    await host.writes.flush();
    let left = readInput(rows, model).inputs;
    for (let round = 0; left.length > 0; round++) {
      if (round === MAX_ROUNDS)
        throw new AppError("SL005", `${left.length} records of ${model} keep changing meanwhile`);
      left = await mergeRound(host, stream, left, model);
    }
    return true;
  };
