// Saving records, new and unchanged, and reading them back, each against what Postgres itself needs for the same bytes.

import { fork } from "node:child_process";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { holdRun } from "./lease.ts";
import type { Result } from "./result.ts";
import { batches } from "./rows.ts";
import { API_KEY, type Bench } from "./setup.ts";

const RECORDS = 100_000;

const HEADER = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);
const EPOCH_2000_US = 946_684_800_000_000n;

const field = (value: Buffer | null): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(value === null ? -1 : value.length);
  return value === null ? length : Buffer.concat([length, value]);
};

const int8 = (value: number | bigint): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(value));
  return buffer;
};

const int4 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
};

// The same rows for another stream, in COPY's binary form, made beforehand: the limit is Postgres alone.
const copyBytes = async (bench: Bench, from: number, stream: number): Promise<Buffer[]> => {
  const { rows } = await bench.pool.query(
    "select pos, hash, external_id, payload from syncline.records where stream_id = $1 order by pos",
    [from],
  );
  const now = int8(BigInt(Date.now()) * 1000n - EPOCH_2000_US);
  const tuples = rows.map((row) =>
    Buffer.concat([
      Buffer.from([0, 9]),
      field(int8(row.pos)),
      field(int8(1)),
      field(now),
      field(now),
      field(int4(stream)),
      field(Buffer.from("A")),
      field(row.hash),
      field(Buffer.from(row.external_id)),
      field(row.payload),
    ]),
  );
  return [HEADER, ...tuples, TRAILER];
};

const COPY =
  "copy syncline.records (pos, run_id, first_seen_at, last_modified_at, stream_id, last_action, hash, external_id, payload) from stdin (format binary)";

const copyAll = async (bench: Bench, chunks: Buffer[]): Promise<void> => {
  const client = new pg.Client(bench.databaseUrl);
  await client.connect();
  const joined: Buffer[] = [];
  for (let at = 0; at < chunks.length; at += 64) joined.push(Buffer.concat(chunks.slice(at, at + 64)));
  await pipeline(Readable.from(joined), client.query(copyFrom(COPY)));
  await client.end();
};

const saveAll = async (bench: Bench, connection: number, track = false): Promise<void> => {
  const run = await holdRun(bench, connection);
  if (track) await run.call("trackDeletesStart", ["Item"]);
  for (const rows of prepared) await run.call("batchSave", [rows, "Item"]);
  await run.end();
};

// Made before any measuring: the rows come from the provider, not from us.
const prepared = [...batches(RECORDS)];

const per = (total: number): number => total / RECORDS;

const startReader = (bench: Bench) => {
  const child = fork(path.join(import.meta.dirname, "reader.ts"), [bench.server.url, API_KEY, "records"]);
  return {
    readAll: () =>
      new Promise<void>((resolve, reject) => {
        child.once("message", ({ records }: { records: number }) =>
          records === RECORDS ? resolve() : reject(new Error(`read ${records} records of ${RECORDS}`)),
        );
        child.send("read");
      }),
    stop: () => child.kill(),
  };
};

const selectAll = async (bench: Bench, stream: number): Promise<void> => {
  for (let after = 0; ; ) {
    const { rows } = await bench.pool.query({
      name: "page",
      text: `select pos, external_id, first_seen_at, last_modified_at, last_action, deleted_at, payload
               from syncline.records where stream_id = $1 and pos > $2 order by stream_id, pos limit 1000`,
      values: [stream, after],
    });
    if (rows.length === 0) return;
    after = rows.at(-1).pos;
  }
};

const compareAll = async (bench: Bench, stream: number): Promise<void> => {
  for (const rows of prepared) {
    const { rows: found } = await bench.pool.query({
      name: "compare",
      text: "select external_id, hash from syncline.records where stream_id = $1 and external_id = any ($2)",
      values: [stream, rows.map(({ id }) => id)],
    });
    if (found.length !== rows.length) throw new Error("rows are missing");
  }
};

/** Rows 1 to 3 of the budget table. */
export const benchRecords = async (bench: Bench): Promise<Result[]> => {
  // Each path once before it is measured, so that no compiler and no cold cache is in the figures.
  await saveAll(bench, await bench.connect("warm-up"));
  const connection = await bench.connect("records");
  const saved = await bench.measure(() => saveAll(bench, connection));
  const find = "select id from syncline.streams where connection_id = $1";
  const stream = (await bench.pool.query(find, [connection])).rows[0].id as number;
  const chunks = await copyBytes(bench, stream, 1_000_000_000);
  const copied = await bench.measure(() => copyAll(bench, chunks));
  await bench.pool.query("delete from syncline.records where stream_id <> $1", [stream]);
  await bench.pool.query("vacuum analyze syncline.records");

  await saveAll(bench, connection);
  const unchanged = await bench.measure(() => saveAll(bench, connection));
  await compareAll(bench, stream);
  const compared = await bench.measure(() => compareAll(bench, stream));
  const tracked = await bench.measure(() => saveAll(bench, connection, true));

  const reader = startReader(bench);
  await reader.readAll();
  const paged = await bench.measure(reader.readAll);
  reader.stop();
  await selectAll(bench, stream);
  const selected = await bench.measure(() => selectAll(bench, stream));
  return [
    {
      work: "save new 1 KB records, encrypted",
      against: "binary COPY of the same bytes",
      ratio: copied.ms / saved.ms,
      budget: ">= 0.4",
      isMet: copied.ms / saved.ms >= 0.4 && per(saved.cpuMs) * 1000 <= 45,
      detail: `${Math.round(RECORDS / (saved.ms / 1000))}/s against ${Math.round(RECORDS / (copied.ms / 1000))}/s, CPU ${(per(saved.cpuMs) * 1000).toFixed(1)} us a record (<= 45)`,
    },
    {
      work: "save unchanged records",
      against: "select id, hash by the same batch",
      ratio: compared.ms / unchanged.ms,
      budget: ">= 0.3",
      isMet:
        compared.ms / unchanged.ms >= 0.3 &&
        per(unchanged.cpuMs) * 1000 <= 15 &&
        per(unchanged.walBytes) <= 2 &&
        per(tracked.walBytes) <= 10,
      detail: `${Math.round(RECORDS / (unchanged.ms / 1000))}/s against ${Math.round(RECORDS / (compared.ms / 1000))}/s, CPU ${(per(unchanged.cpuMs) * 1000).toFixed(1)} us (<= 15), WAL ${per(unchanged.walBytes).toFixed(2)} B (<= 2), full refresh ${per(tracked.walBytes).toFixed(2)} B (<= 10)`,
    },
    {
      work: "page all records over REST, decrypted, limit 1000",
      against: "select of the same rows, no decrypt",
      ratio: selected.ms / paged.ms,
      budget: ">= 0.35",
      isMet: selected.ms / paged.ms >= 0.35 && per(paged.cpuMs) * 1000 <= 35,
      detail: `${Math.round(RECORDS / (paged.ms / 1000))}/s against ${Math.round(RECORDS / (selected.ms / 1000))}/s, CPU ${(per(paged.cpuMs) * 1000).toFixed(1)} us a record (<= 35)`,
    },
  ];
};
