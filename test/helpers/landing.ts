// A sync that does what its connection's metadata says, delivered into a table: the mapping is given at each deployment, and
// the table can be compared with the records in one snapshot.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { open } from "../../src/crypto/seal.ts";
import { deployFunctions } from "../../src/db/functions.ts";
import { createRun } from "../../src/db/runs.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import { functionHash } from "../../src/functions/definition.ts";
import { type Engine, testEngine } from "./engine.ts";
import { compileTexts } from "./installation.ts";

const SCRIPTED = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Does as its metadata says", version: "1.0.0", frequency: "every day", autoStart: false,
  checkpoint: z.object({ step: z.number() }),
  models: { Contact: z.object({ id: z.string() }), Lead: z.object({ id: z.string() }) },
  exec: async (nango) => {
    const { steps = [], swallow = false } = await nango.getMetadata();
    let { step } = (await nango.getCheckpoint()) ?? { step: 0 };
    for (; step < steps.length; step++) {
      const [method, ...args] = steps[step];
      await nango[method](...args).catch((error) => { if (!swallow) throw error; });
      await nango.saveCheckpoint({ step: step + 1 });
    }
    await nango.clearCheckpoint();
  },
});
`;

export type Mapping = { table: string; columns: Record<string, string> };
export type Deliver = Record<string, Mapping>;
export type Step = [method: string, ...args: unknown[]];

/** The function under a mapping, as if it had been compiled with it. */
export const scripted = async (deliver: Deliver | undefined, name = "scripted") => {
  const [one] = await compileTexts({ [`acme/syncs/${name}.ts`]: SCRIPTED });
  const definition = { ...one!.definition, ...(deliver && { deliver }) };
  return { ...one!, definition, hash: functionHash(one!.bundle, definition) };
};

/** Deploys, runs and compares on an engine whose worker is started. */
export const landingWorld = (engine: Engine, environment = engine.environment) => {
  const { db } = engine;
  const deploy = async (deliver: Deliver | undefined, name?: string): Promise<void> => {
    const functions = [await scripted(deliver, name)];
    await deployFunctions(db.pool, { environment, functions, mode: "all" });
  };

  /** One run with these steps: its state, and what its error says. */
  const run = async (connection: number, steps: Step[], o: { swallow?: boolean; emptyCache?: boolean } = {}) => {
    await db.query("update syncline.connections set metadata = $2 where id = $1", [
      connection,
      JSON.stringify({ steps, swallow: o.swallow ?? false }),
    ]);
    const [sync] = await db.query("select id from syncline.syncs where connection_id = $1 and deleted_at is null", [
      connection,
    ]);
    const id = await createRun(db.pool, { sync: sync!.id, origin: "trigger", emptyCache: o.emptyCache ?? false });
    await engine.quiet();
    const [row] = await db.query("select id, state, error from syncline.runs where id = $1", [id]);
    return row as { id: number; state: string; error: { type: string; message: string } | null };
  };

  /** As run, which must succeed. */
  const runs = async (...args: Parameters<typeof run>): Promise<void> => {
    const { state, error } = await run(...args);
    assert.deepEqual({ state, error }, { state: "succeeded", error: null });
  };

  /** The table is the live records, looked at in one snapshot: `document` holds each record as a whole. */
  const equals = async (table: string, o: { document: string; account: string; model?: string }): Promise<number> => {
    const client = await db.pool.connect();
    try {
      await client.query("begin isolation level repeatable read");
      const rows = await client.query(`select ${o.account} as account, ${o.document} as document from ${table}`);
      const records = await client.query(
        `select n.connection_id as account, n.id as connection, r.stream_id, r.external_id, r.payload
           from syncline.records r join syncline.streams t on t.id = r.stream_id join syncline.connections n on n.id = t.connection_id
          where t.retired_at is null and t.lands and r.last_action <> 'D' and t.model = $1`,
        [o.model ?? "Contact"],
      );
      await client.query("commit");
      const stored = [];
      for (const { account, connection, stream_id: stream, external_id: id, payload } of records.rows) {
        const text = open(await engine.keys.ofConnection(connection), payload, sealPlace(stream, id));
        stored.push({ account, document: { id, ...JSON.parse(text) } });
      }
      const sorted = (all: { account: string; document: { id: string } }[]) =>
        all.sort((a, b) => (`${a.account} ${a.document.id}` < `${b.account} ${b.document.id}` ? -1 : 1));
      assert.deepEqual(sorted(rows.rows), sorted(stored));
      return stored.length;
    } finally {
      client.release();
    }
  };

  return { deploy, run, runs, equals };
};

/** One column of every kind. */
export const TABLE = `
create schema crm;
create type crm.mood as enum ('calm', 'cross');
create domain crm.percent as int check (value between 0 and 100);
create table crm.contacts (
  account text not null,
  contact_id text not null,
  big bigint,
  born date,
  seen timestamptz,
  tags text[],
  extra jsonb,
  mood crm.mood,
  share crm.percent,
  city varchar(20),
  doubled int generated always as (share * 2) stored,
  note text default 'untouched',
  version int not null default 1,
  raw jsonb,
  first_at timestamptz,
  last_at timestamptz,
  where_from text,
  unique (account, contact_id)
)`;

export const CONTACTS = {
  table: "crm.contacts",
  columns: {
    account: "$connectionId",
    contact_id: "$id",
    big: "big",
    born: "born",
    seen: "seen",
    tags: "tags",
    extra: "extra",
    mood: "mood",
    share: "share",
    city: "address.city",
    raw: "$record",
    first_at: "$firstSeenAt",
    last_at: "$lastModifiedAt",
    where_from: "$integration",
  },
};
const WHERE = { document: "raw", account: "account" };

export const ANNA = {
  id: "anna",
  big: "9007199254740993",
  born: "1999-12-31",
  seen: "2026-01-02T03:04:05.123456+02:00",
  tags: ["a", "b,c", null, 'd"'],
  extra: { deep: [1, { x: "ünï" }] },
  mood: "cross",
  share: 70,
  address: { city: "Łódź" },
};

export const numbered = (count: number, from = 0, over: object = {}) =>
  Array.from({ length: count }, (_, at) => ({ id: `n${String(from + at).padStart(4, "0")}`, share: 1, ...over }));

/** An engine with that table, a function that is delivered into it, one connection and a worker. */
export const contactsWorld = async (t: TestContext) => {
  const engine = await testEngine(t, { rows: {} });
  const { db } = engine;
  await db.query(TABLE);
  await db.query("select syncline.allow_delivery('dev', 'crm.contacts')");
  const world = landingWorld(engine);
  await world.deploy({ Contact: CONTACTS });
  const connection = await engine.connect("one");
  const { executor } = await engine.startWorker({ concurrency: 2 });
  const said = async (pattern: string) => {
    await executor.logs.flush();
    const rows = await db.query("select message from syncline.logs where message like $1 order by id", [pattern]);
    return rows.map(({ message }) => message as string);
  };
  return { engine, db, connection, executor, said, ...world, equals: () => world.equals("crm.contacts", WHERE) };
};

/** The ids in the table. */
export const idsIn = async (db: { query: Engine["db"]["query"] }): Promise<string[]> =>
  (await db.query("select contact_id from crm.contacts order by contact_id")).map((row) => row.contact_id);
