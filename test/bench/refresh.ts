// The deletion pass of a full refresh: a million records, one in a hundred gone.
import { holdRun } from "./lease.ts";
import type { Result } from "./result.ts";
import type { Bench } from "./setup.ts";

const RECORDS = 1_000_000;
const CHUNK = 1_000;

// The pass reads positions, not payloads, so the records are made in place with small ones.
const fill = (bench: Bench, stream: number) =>
  bench.pool.query(
    `insert into syncline.records (pos, run_id, first_seen_at, last_modified_at, stream_id, last_action, hash, external_id, payload)
     select n, 1, now(), now(), $1, 'A', decode(md5(n::text), 'hex'), 'item-' || n, '\\x01' from generate_series(1, ${RECORDS}) n`,
    [stream],
  );

/** Row 4 of the budget table. */
export const benchRefresh = async (bench: Bench): Promise<Result[]> => {
  const connection = await bench.connect("refresh");
  const run = await holdRun(bench, connection);
  await run.call("trackDeletesStart", ["Item"]);
  const { rows } = await bench.pool.query("select id from syncline.streams where connection_id = $1", [connection]);
  const stream = rows[0].id as number;
  await fill(bench, stream);
  await bench.pool.query("update syncline.streams set head = $2, records = $2 where id = $1", [stream, RECORDS]);
  await bench.pool.query("update syncline.refreshes set start_pos = $2 where stream_id = $1", [stream, RECORDS]);
  await bench.pool.query("vacuum analyze syncline.records");
  await bench.pool.query(
    `insert into syncline.refresh_seen (refresh_id, positions)
     select w.id, array_agg(n) from syncline.refreshes w, generate_series(1, ${RECORDS}) n
      where w.stream_id = $1 and n % 100 <> 0 group by w.id, n / ${CHUNK}`,
    [stream],
  );
  await bench.pool.query("vacuum analyze syncline.refresh_seen");
  const read = await bench.measure(async () => {
    await bench.pool.query("select external_id from syncline.records where stream_id = $1", [stream]);
  });
  let deleted = 0;
  const pass = await bench.measure(async () => {
    const end = (await run.call("trackDeletesEnd", ["Item"])) as { deletedKeys: string[] };
    deleted = end.deletedKeys.length;
  });
  if (deleted !== RECORDS / 100) throw new Error(`deleted ${deleted} records`);
  await run.end();
  const cpu = (pass.cpuMs * 1000) / RECORDS;
  return [
    {
      work: "full-refresh deletion pass, 1 M records, 1 % gone",
      against: "reading the same ids once through the driver",
      ratio: pass.ms / read.ms,
      budget: "<= 3",
      isMet: pass.ms / read.ms <= 3 && cpu <= 1,
      detail: `${Math.round(pass.ms)} ms against ${Math.round(read.ms)} ms, CPU ${cpu.toFixed(2)} us a live record (<= 1)`,
    },
  ];
};
