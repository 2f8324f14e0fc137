// A small world for tests of the SQL: an environment, an integration, a connection, a function, a sync and a claimed run,
// made by plain inserts. Each test has a transaction of its own that is rolled back, and all files of a process share a database:
// what a connection learns of the schema takes a core longer than most of the tests.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type TestContext, test } from "node:test";
import type pg from "pg";
import type { Pool } from "../../src/db/pool.ts";
import { diffRecords, openStream, saveRecords } from "../../src/db/records.ts";
import { claimRun, createRun } from "../../src/db/runs.ts";
import { sharedPool, testDatabase } from "./database.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test knows its columns
type Rows = Record<string, any>[];
type Db = Pick<pg.ClientBase, "query"> & pg.ClientBase;

export type World = {
  db: Db;
  q: (sql: string, params?: unknown[]) => Promise<Rows>;
  /** The first column of the first row. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows its columns
  one: (sql: string, params?: unknown[]) => Promise<any>;
  /** Stop the clock at a time, until the end of the test. */
  at: (iso: string) => Promise<void>;
  forward: (interval: string) => Promise<void>;
  /** `work` must reject with this code and message; the transaction goes on as if it had not been tried. */
  refuses: (code: string, message: RegExp, work: () => Promise<unknown>) => Promise<void>;
};

export const START = "2026-03-01T00:00:00Z";

/** A world on one client; the clock stands at START when `inTransaction`. */
export const worldOn = (db: Db): World => {
  const q: World["q"] = async (sql, params = []) => (await db.query(sql, params)).rows;
  const one: World["one"] = async (sql, params) => Object.values((await q(sql, params))[0] ?? {})[0];
  const at = async (iso: string) => {
    await q("select set_config('syncline.fake_now', $1, true)", [iso]);
  };
  const refuses: World["refuses"] = async (code, message, work) => {
    await db.query("savepoint tried");
    await assert.rejects(work(), (error: { code?: string; message: string }) => {
      assert.deepEqual(
        [error.code, error.message.match(message)?.[0]],
        [code, error.message.match(message)?.[0] ?? message],
      );
      return true;
    });
    await db.query("rollback to savepoint tried");
  };
  const forward = async (interval: string) => at(await one("select (syncline.now() + $1::interval)::text", [interval]));
  return { db, q, one, at, forward, refuses };
};

type SqlTests = Record<string, (w: World) => Promise<void>>;

const testsOn = (file: string, tests: SqlTests, poolOf: (t: TestContext) => Promise<Pool>): void => {
  test(file, async (t) => {
    const pool = await poolOf(t);
    for (const [name, body] of Object.entries(tests)) {
      await t.test(name, async () => {
        const db = await pool.connect();
        try {
          await db.query("begin");
          const w = worldOn(db);
          await w.at(START);
          await body(w);
        } finally {
          await db.query("rollback");
          db.release();
        }
      });
    }
  });
};

/** Tests by name, in the shared database, each in a transaction that is rolled back. */
export const sqlTests = (file: string, tests: SqlTests): void => testsOn(file, tests, sharedPool);

/** The same in a database of the file's own: what is rolled back leaves its pages behind, and plans go by their number. */
export const sqlTestsOnFresh = (file: string, tests: SqlTests): void =>
  testsOn(file, tests, async (t) => (await testDatabase(t)).pool);

export type SyncOptions = {
  models?: string[];
  frequency?: string;
  variant?: string;
  state?: "started" | "paused";
  trackDeletes?: boolean;
  webhookUrl?: string | null;
  nextRunAt?: string | null;
  /** Another sync of this one's connection, or just of its environment. */
  beside?: Ids;
  sameConnection?: boolean;
};

export type Ids = {
  environment: number;
  integration: number;
  connection: number;
  function: number;
  sync: number;
  uid: string;
};

let made = 0;

/** Make a sync and all that it needs. Names are numbered: environment env1, integration acme1, connection customer1, … */
export const makeSync = async ({ one, q }: Pick<World, "one" | "q">, o: SyncOptions = {}): Promise<Ids> => {
  const n = ++made;
  const environment =
    o.beside?.environment ??
    (await one(
      `insert into syncline.environments (name, signing_key_sealed, webhook_url_primary) values ($1, 'key', $2) returning id`,
      [`env${n}`, o.webhookUrl === undefined ? "https://app.example/hook" : o.webhookUrl],
    ));
  const integration =
    o.beside?.integration ??
    (await one(
      `insert into syncline.integrations (environment_id, unique_key, provider, display_name)
       values ($1, $2, 'acme', 'Acme') returning id`,
      [environment, `acme${n}`],
    ));
  const connection = o.sameConnection
    ? o.beside!.connection
    : await one(
        `insert into syncline.connections (environment_id, integration_id, connection_id, auth_mode)
         values ($1, $2, $3, 'API_KEY') returning id`,
        [environment, integration, `customer${n}`],
      );
  const fn = await one(
    `insert into syncline.functions
       (environment_id, integration_id, kind, name, version, hash, bundle, definition, models, frequency, auto_start, track_deletes)
     values ($1, $2, 'sync', $3, '1', 'hash', 'code', '{}', $4, $5, true, $6) returning id`,
    [
      environment,
      integration,
      `contacts${n}`,
      o.models ?? ["Contact"],
      o.frequency ?? "1 hour",
      o.trackDeletes ?? false,
    ],
  );
  const [sync] = await q(
    `insert into syncline.syncs (environment_id, connection_id, function_id, name, variant, state, frequency, next_run_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, uid`,
    [
      environment,
      connection,
      fn,
      `contacts${n}`,
      o.variant ?? "base",
      o.state ?? "started",
      o.frequency ?? "1 hour",
      o.nextRunAt ?? null,
    ],
  );
  return { environment, integration, connection, function: fn, sync: sync?.id, uid: sync?.uid };
};

/** An active function without a schedule for the integration of a sync; its id. */
export const makeFunction = (
  { one }: Pick<World, "one">,
  { environment, integration }: Pick<Ids, "environment" | "integration">,
  o: { kind: "action" | "on-event"; name: string; event?: string },
): Promise<number> =>
  one(
    `insert into syncline.functions
       (environment_id, integration_id, kind, name, version, hash, bundle, definition, models, auto_start, track_deletes)
     values ($1, $2, $3, $4, '1', 'hash', 'code', jsonb_build_object('event', $5::text), '{}', true, false) returning id`,
    [environment, integration, o.kind, o.name, o.event ?? null],
  );

export type Fence = { run: number; token: number };

/** Create a run of the sync and claim it. */
export const startRun = async (
  db: Db,
  { sync }: Pick<Ids, "sync">,
  o: { emptyCache?: boolean } = {},
): Promise<Fence> => {
  const run = await createRun(db, { sync, origin: "trigger", emptyCache: o.emptyCache ?? false });
  assert.notEqual(run, null, "a run of this sync is live already");
  return claim(db);
};

/** Claim a run that must be there. */
export const claim = async (db: Db, worker = "w1"): Promise<Fence> => {
  const lease = await claimRun(db, { worker });
  assert.ok(lease, "no run was ready");
  return { run: lease.id, token: lease.token };
};

/** A sync with a claimed run and an open stream of its first model. */
export const makeRun = async (w: World, o: SyncOptions = {}) => {
  const ids = await makeSync(w, o);
  const fence = await startRun(w.db, ids);
  const stream = await openStream(w.db, { ...fence, model: o.models?.[0] ?? "Contact" });
  return { ids, fence, stream };
};

/** The content hash the tests use for a text. */
export const hashOf = (text: string): Buffer => createHash("md5").update(text).digest();

/** Contents by id as the arguments of a save. */
export const contents = (rows: Record<string, string>) => ({
  ids: Object.keys(rows),
  hashes: Object.values(rows).map(hashOf),
  payloads: Object.values(rows).map((text) => Buffer.from(text)),
});

/** Save as a run does: compare first, then send what is wanted. The letters of both phases. */
export const saveAll = async (db: Db, at: Fence & { stream: number }, rows: Record<string, string>) => {
  const { ids, hashes } = contents(rows);
  const diff = await diffRecords(db, { ...at, ids, hashes });
  const wanted = contents(Object.fromEntries(Object.entries(rows).filter((_, index) => diff[index] !== ".")));
  const saved = wanted.ids.length === 0 ? "" : (await saveRecords(db, { ...at, ...wanted, checkpoint: null })).letters;
  return { diff, saved };
};

/** `count` rows r0001 … with the same text. */
export const manyRows = (count: number, text = "x", from = 1): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`r${String(from + index).padStart(6, "0")}`, text]));
