// Saving records that are rows of a table of the user's as well, against saving them alone; and filling the table at first.
import { holdRun } from "./lease.ts";
import type { Result } from "./result.ts";
import { batches } from "./rows.ts";
import type { Bench } from "./setup.ts";

const RECORDS = 50_000;

const TABLE = `
create schema crm;
create table crm.items (
  account text, item_id text, name text, version int, email text, created timestamptz, city text, lat double precision,
  tags text[], amount numeric, active boolean, notes text, seen_at timestamptz, primary key (account, item_id))`;

const DELIVER = {
  Item: {
    table: "crm.items",
    columns: {
      account: "$connectionId",
      item_id: "$id",
      name: "name",
      version: "version",
      email: "email",
      created: "created_at",
      city: "address.city",
      lat: "address.geo.lat",
      tags: "tags",
      amount: "amount",
      active: "is_active",
      notes: "notes",
      seen_at: "$firstSeenAt",
    },
  },
};

const prepared = [...batches(RECORDS)];

const saveAll = async (bench: Bench, connection: number): Promise<void> => {
  const run = await holdRun(bench, connection);
  for (const rows of prepared) await run.call("batchSave", [rows, "Item"]);
  await run.end();
};

const microseconds = ({ cpuMs }: { cpuMs: number }): string => ((1000 * cpuMs) / RECORDS).toFixed(1);

/** New and unchanged records, with and without a mapping of 13 columns, and the rate of the fill. */
export const benchLanding = async (bench: Bench): Promise<Result[]> => {
  await bench.pool.query(TABLE);
  await bench.pool.query("select syncline.allow_delivery('dev', 'crm.items')");
  await saveAll(bench, await bench.connect("warm-up"));
  const plain = await bench.connect("plain");
  const alone = await bench.measure(() => saveAll(bench, plain));
  const aloneAgain = await bench.measure(() => saveAll(bench, plain));
  await bench.pool.query(
    "update syncline.functions set definition = definition || jsonb_build_object('deliver', $1::jsonb) where name = 'items'",
    [JSON.stringify(DELIVER)],
  );
  await saveAll(bench, await bench.connect("warm-up too"));
  const mapped = await bench.connect("mapped");
  const delivered = await bench.measure(() => saveAll(bench, mapped));
  const deliveredAgain = await bench.measure(() => saveAll(bench, mapped));
  const filled = await bench.measure(async () => {
    const run = await holdRun(bench, plain);
    await run.start();
    await run.end();
  });
  const { rows } = await bench.pool.query(
    "select count(*)::int as n from crm.items where account in ('plain', 'mapped')",
  );
  if (rows[0].n !== 2 * RECORDS) throw new Error(`${rows[0].n} rows`);
  const most = 2;
  return [
    {
      work: "save new 1 KB records into a table of yours too, 13 columns",
      against: "saving the records alone (CPU)",
      ratio: delivered.cpuMs / alone.cpuMs,
      budget: `<= ${most}`,
      isMet: delivered.cpuMs / alone.cpuMs <= most,
      detail: `CPU ${microseconds(delivered)} us a record against ${microseconds(alone)}; filling: CPU ${microseconds(filled)} us, ${Math.round(RECORDS / (filled.ms / 1000))}/s`,
    },
    {
      work: "save unchanged records that are delivered",
      against: "those that are not (CPU)",
      ratio: deliveredAgain.cpuMs / aloneAgain.cpuMs,
      budget: "<= 1.2",
      isMet: deliveredAgain.cpuMs / aloneAgain.cpuMs <= 1.2,
      detail: `CPU ${microseconds(deliveredAgain)} us a record against ${microseconds(aloneAgain)}`,
    },
  ];
};
