// batchSave and batchDelete: compare first, seal and send only what the database asks for.
import type { DataKey } from "../../crypto/keyring.ts";
import { contentHash, sealAll } from "../../crypto/seal.ts";
import { takeClient } from "../../db/client.ts";
import { diffRecords } from "../../db/records.ts";
import { sealPlace } from "../../db/seal-place.ts";
import { contentOf, type Input, readInput } from "./record-input.ts";
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

// Compared in halves on one connection: while Postgres looks up the first, the second is made ready here.
const ROWS_PER_DIFF = 500;

type Prepared = { ids: string[]; texts: string[]; hashes: Buffer[]; letters: string };

const compare = async (host: RunHost, stream: number, key: DataKey, inputs: Input[]): Promise<Prepared> => {
  const ids = inputs.map(({ id }) => id);
  const texts: string[] = [];
  const hashes: Buffer[] = [];
  const answers: Promise<string>[] = [];
  const client = await takeClient(host.pool);
  try {
    for (let from = 0; from < inputs.length; from += ROWS_PER_DIFF) {
      const until = Math.min(from + ROWS_PER_DIFF, inputs.length);
      for (let at = from; at < until; at++) {
        const text = contentOf(inputs[at]!.row);
        texts.push(text);
        hashes.push(contentHash(key, text));
      }
      const part = { ids: ids.slice(from, until), hashes: hashes.slice(from, until) };
      answers.push(diffRecords(client, { ...host.fence, stream, ...part }));
    }
    return { ids, texts, hashes, letters: (await Promise.all(answers)).join("") };
  } finally {
    await Promise.allSettled(answers);
    client.release();
  }
};

/** `batchSave(rows, model)`: at most 1,000 rows. */
export const batchSave =
  (host: RunHost) =>
  async (rows: unknown[], model: string): Promise<true> => {
    const { inputs, doubles } = readInput(rows, model);
    warnOfDoubles(host, doubles, model);
    const stream = await host.streamOf(model);
    const key = await host.keys.ofConnection(host.lease.connection_id);
    // What is held is not stored yet: compared with the row before it, a change back to that would look unchanged.
    const isHeld = host.writes.holds(
      stream,
      inputs.map(({ id }) => id),
    );
    if (isHeld) await host.writes.flush();
    const { ids, texts, hashes, letters } = await compare(host, stream, key, inputs);
    const wanted = ids.flatMap((_, at) => (letters[at] === UNCHANGED ? [] : [at]));
    if (wanted.length === 0) return true;
    const payloads = sealAll(
      key,
      wanted.map((at) => texts[at]!),
      (index) => sealPlace(stream, ids[wanted[index]!]!),
    );
    const landing = host.landingOf(stream);
    await host.writes.hold({
      kind: "save",
      stream,
      ids: wanted.map((at) => ids[at]!),
      hashes: wanted.map((at) => hashes[at]!),
      payloads,
      ...(landing && {
        landing: landing.id,
        rows: landing.toRows(
          wanted.map((at) => inputs[at]!),
          wanted.map((at) => texts[at]!),
        ),
      }),
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
