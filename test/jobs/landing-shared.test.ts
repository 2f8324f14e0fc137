// One table for several: environments, variants, streams that save at the same time; and runs that must not write at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { createRun } from "../../src/db/runs.ts";
import { TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";
import { installAcme } from "../helpers/installation.ts";
import { CONTACTS, contactsWorld, idsIn, landingWorld, numbered, type Step, scripted } from "../helpers/landing.ts";
import { until } from "../helpers/until.ts";

const SHARED = {
  table: "crm.shared",
  columns: { env: "$environment", kind: "$variant", account: "$connectionId", id: "$id", value: "value" },
};

test("two environments with connections and ids of one name never touch each other's rows; nor do variants", async (t) => {
  const engine = await testEngine(t, { rows: {} });
  const { db } = engine;
  await db.query(`create schema crm;
    create table crm.shared (env text, kind text, account text, id text, value text, unique (env, kind, account, id))`);
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const [, prod] = await ensureEnvironments({ db: db.pool, keyring })({ dev: undefined, prod: undefined });
  const other = await installAcme({ pool: db.pool, keyring, environment: prod!.id, provider: engine.provider });
  for (const name of ["dev", "prod"]) await db.query("select syncline.allow_delivery($1, 'crm.shared')", [name]);
  const dev = landingWorld(engine);
  const live = landingWorld(engine, prod!.id);
  await dev.deploy({ Contact: SHARED });
  await live.deploy({ Contact: SHARED });
  const here = await engine.connect("one");
  const there = await other.connect("one");
  await engine.startWorker({ concurrency: 2 });
  const state = async () =>
    (await db.query("select env, kind, id, value from crm.shared order by 1, 2, 3")).map((row) =>
      Object.values(row).join(" "),
    );
  const save = (value: string): Step[] => [
    [
      "batchSave",
      [
        { id: "a", value },
        { id: "b", value },
      ],
      "Contact",
    ],
  ];
  await dev.runs(here, save("dev"));
  await live.runs(there, save("prod"));
  await dev.runs(here, [["batchDelete", [{ id: "a" }], "Contact"]]);
  assert.deepEqual(await state(), ["dev base b dev", "prod base a prod", "prod base b prod"]);
  await dev.runs(here, [
    ["trackDeletesStart", "Contact"],
    ["trackDeletesEnd", "Contact"],
  ]);
  assert.deepEqual(await state(), ["prod base a prod", "prod base b prod"]);
  await dev.runs(here, save("again"));
  await live.runs(there, save("empty"), { emptyCache: true });
  assert.deepEqual(await state(), ["dev base a again", "dev base b again", "prod base a empty", "prod base b empty"]);

  await db.query("select syncline.create_variant($1, 'acme', 'one', 'scripted', 'eu')", [engine.environment]);
  const [variant] = await db.query("select id from syncline.syncs where variant = 'eu'");
  await createRun(db.pool, { sync: variant!.id, origin: "trigger", emptyCache: false });
  await db.query("update syncline.connections set metadata = $1 where id = $2", [
    JSON.stringify({ steps: save("eu") }),
    here,
  ]);
  await engine.quiet();
  assert.equal((await state()).length, 6);
  await db.query("select syncline.delete_variant($1, 'acme', 'one', 'scripted', 'eu')", [engine.environment]);
  assert.deepEqual(await state(), ["dev base a again", "dev base b again", "prod base a empty", "prod base b empty"]);
  await db.query("select syncline.delete_connection($1, 'acme', 'one')", [prod!.id]);
  assert.deepEqual(await state(), ["dev base a again", "dev base b again"]);
});

test("connections that save into one table in opposite orders, beside a transaction of the user's, all get there", async (t) => {
  const { engine, db, runs, equals } = await contactsWorld(t);
  const connections = await Promise.all(["two", "three"].map((name) => engine.connect(name)));
  const rows = numbered(400);
  const steps = (order: object[]): Step[] =>
    Array.from({ length: 6 }, (_, at) => ["batchSave", order.map((row) => ({ ...row, big: at })), "Contact"]);
  await Promise.all([runs(connections[0]!, steps(rows)), runs(connections[1]!, steps(rows.toReversed()))]);
  assert.equal(await equals(), 800);
  // The user's transaction takes rows in the other order; whoever Postgres gives up tries again.
  const client = await db.pool.connect();
  await client.query("begin");
  await client.query("select from crm.contacts where account = 'two' and contact_id = 'n0399' for update");
  const saving = runs(connections[0]!, steps(rows.map((row) => ({ ...row, share: 2 }))));
  await client.query("set local deadlock_timeout = '10 s'"); // so that it is the save that is given up
  const blocked = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%save_records%'";
  await until("the save waits", async () => (await db.query(blocked)).length > 0);
  await client.query("select from crm.contacts where account = 'two' and contact_id = 'n0000' for update");
  await client.query("commit");
  client.release();
  await saving;
  assert.equal(await equals(), 800);
});

test("a dry run delivers nothing", async (t) => {
  const { engine, db, connection, executor, run } = await contactsWorld(t);
  await run(connection, [["batchSave", numbered(1), "Contact"]]);
  const steps: Step[] = [
    ["batchSave", numbered(5, 10), "Contact"],
    ["batchDelete", numbered(1), "Contact"],
  ];
  const asked = {
    environment: { id: engine.environment, name: "dev" },
    compiled: await scripted({ Contact: CONTACTS }),
    connection: "one",
    variant: "base",
    lastSyncDate: null,
    validate: false,
    stubs: { metadata: { steps } },
  };
  const written: unknown[] = [];
  const tell = (event: { type: string }) => void (event.type === "write" && written.push(event));
  const outcome = await executor.dryRun({ ...asked, input: undefined } as never, tell, new AbortController().signal);
  assert.ok(outcome.ok);
  assert.equal(written.length, 2);
  assert.deepEqual(await idsIn(db), ["n0000"]);
});
