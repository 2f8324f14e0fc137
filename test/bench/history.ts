// What a history costs: saving with and without one, storage per version, and reading the past.
import { readAsOf } from "../../src/db/history.ts";
import { holdRun } from "./lease.ts";
import type { Result } from "./result.ts";
import { batches } from "./rows.ts";
import type { Bench, Measured } from "./setup.ts";

const RECORDS = 20_000;
const VERSIONS = 5;

const us = ({ cpuMs }: Measured): string => ((cpuMs * 1000) / RECORDS).toFixed(1);
const bytes = ({ walBytes }: Measured): number => Math.round(walBytes / RECORDS);

const save = async (bench: Bench, connection: number, rows: object[][]): Promise<void> => {
  const run = await holdRun(bench, connection);
  for (const batch of rows) await run.call("batchSave", [batch, "Item"]);
  await run.end();
};

const streamOf = async (bench: Bench, connection: number): Promise<number> =>
  (await bench.pool.query("select id from syncline.streams where connection_id = $1", [connection])).rows[0].id;

const sizeOf = async (bench: Bench): Promise<number> =>
  Number((await bench.pool.query("select pg_total_relation_size('syncline.record_versions') as size")).rows[0].size);

/** New, updated and unchanged records; the checkpoint before each keeps full-page images of one out of the other. */
const costs = async (bench: Bench, connection: number, versions: object[][][]) => {
  const measured = async (rows: object[][]): Promise<Measured> => {
    await bench.pool.query("checkpoint");
    return await bench.measure(() => save(bench, connection, rows));
  };
  const added = await measured(versions[0]!);
  const updated = await measured(versions[1]!);
  // Once before: what reads a page first writes its hints, and where pages have checksums these are WAL.
  await bench.pool.query("vacuum analyze syncline.records");
  await save(bench, connection, versions[1]!);
  return { added, updated, unchanged: await bench.measure(() => save(bench, connection, versions[1]!)) };
};

/** No budget but one: what a history is not asked for costs nothing that could be seen. */
export const benchHistory = async (bench: Bench): Promise<Result[]> => {
  const versions = Array.from({ length: VERSIONS }, (_, version) => [...batches(RECORDS, { version })]);
  const [warm, plain, kept] = [await bench.connect("warm"), await bench.connect("plain"), await bench.connect("kept")];
  await costs(bench, warm, versions);
  const without = await costs(bench, plain, versions);
  await bench.pool.query("update syncline.functions set history_models = models");
  const before = await sizeOf(bench);
  const withIt = await costs(bench, kept, versions);
  const perVersion = ((await sizeOf(bench)) - before) / RECORDS;
  const stream = await streamOf(bench, kept);
  const [{ at }] = (await bench.pool.query("select clock_timestamp()::text as at")).rows;
  for (const rows of versions.slice(2)) await save(bench, kept, rows);
  await bench.pool.query("vacuum analyze syncline.record_versions, syncline.records");

  const past = { connection: kept, stream, at };
  const whole = await bench.measure(async () => {
    const { rows } = await bench.pool.query(
      "select count(*)::int as n, sum(length(payload)) from syncline.records_as_of($1, $2)",
      [stream, at],
    );
    if (rows[0].n !== RECORDS) throw new Error(`${rows[0].n} records were there then`);
  });
  const page = await bench.measure(
    async () => void (await readAsOf({ db: bench.pool, keys: bench.keys })({ ...past, after: "item-12", limit: 1000 })),
  );
  const one = await bench.measure(
    async () => void (await bench.pool.query("select * from syncline.record_history($1, 'item-77')", [stream])),
  );
  const ratio = withIt.updated.cpuMs / without.updated.cpuMs;
  return [
    {
      work: "save updated 1 KB records into a stream with history",
      against: "the same without history",
      ratio,
      budget: "<= 2",
      isMet: ratio <= 2,
      detail: [
        `CPU us a record without/with: new ${us(without.added)}/${us(withIt.added)}, updated ${us(without.updated)}/${us(withIt.updated)}, unchanged ${us(without.unchanged)}/${us(withIt.unchanged)}`,
        `WAL bytes: new ${bytes(without.added)}/${bytes(withIt.added)}, updated ${bytes(without.updated)}/${bytes(withIt.updated)}, unchanged ${bytes(without.unchanged)}/${bytes(withIt.unchanged)}`,
        `${Math.round(perVersion)} B a version; ${RECORDS} records of ${VERSIONS} versions as of an instant ${Math.round(whole.ms)} ms (CPU ${Math.round(whole.cpuMs)}), a page of 1,000 opened ${Math.round(page.ms)} ms, one record's history ${one.ms.toFixed(1)} ms`,
      ].join("; "),
    },
  ];
};
