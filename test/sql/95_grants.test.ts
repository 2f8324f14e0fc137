// 95_grants.sql: what each role may, by the catalogue and by trying.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { migrate } from "../../src/db/migrate.ts";
import { connect } from "../../src/db/pool.ts";
import { emptyDatabase, testDatabase } from "../helpers/database.ts";
import { makeRun, makeSync, manyRows, START, saveAll, type World, worldOn } from "../helpers/world.ts";
import { describeRights, ROLES } from "./rights.ts";

const GOLDEN = path.join(import.meta.dirname, "95_grants.txt");

test("the rights of every role on every column and function are those in 95_grants.txt", async (t) => {
  const found = await describeRights(await testDatabase(t, { poolSize: 1 }));
  if (process.env.SYNCLINE_WRITE_GOLDEN === "1") writeFileSync(GOLDEN, found);
  const says = "read the difference, then write it with SYNCLINE_WRITE_GOLDEN=1";
  assert.deepEqual(found.split("\n"), readFileSync(GOLDEN, "utf8").split("\n"), says);
});

test("what everybody may is nothing", async (t) => {
  const { query } = await testDatabase(t, { poolSize: 1 });
  const open = await query(`
    select p.oid::regprocedure::text as name from pg_proc p
     where p.pronamespace in ('syncline'::regnamespace, 'api'::regnamespace) and has_function_privilege('public', p.oid, 'execute')`);
  assert.deepEqual(open, [], "only 95_grants.sql may be the last file that makes functions");
});

/** A world in a transaction, as a role: what it does is rolled back. */
const asRole = async (w: World, role: string, work: () => Promise<void>): Promise<void> => {
  await w.q(`set local role ${role}`);
  await work();
  await w.q("reset role");
};

const DENIED = "42501";
const denied = (w: World, sql: string) => w.refuses(DENIED, /^permission denied/, () => w.q(sql));

const SECRETS = {
  environments: "signing_key_sealed",
  api_keys: "key_hash",
  integrations: "credentials_sealed",
  connections: "credentials_sealed",
  data_keys: "wrapped",
  environment_variables: "value_sealed",
  connect_sessions: "token_hash",
  records: "payload",
  outbox: "body",
  actions: "input_sealed",
  function_jobs: "outcome_sealed",
};

// Operators read these sealed texts, to open records with a key that is not in the database.
const OPERATORS_READ = ["data_keys", "records"];

test("roles may what they are for, and nothing else", async (t) => {
  const { pool } = await testDatabase(t, { poolSize: 1 });
  const db = await pool.connect();
  t.after(() => db.release(true));
  await db.query("begin");
  const w = worldOn(db);
  await w.at(START);
  const { ids, fence, stream } = await makeRun(w);
  await saveAll(w.db, { ...fence, stream }, manyRows(3));
  const VIEWS = (
    await w.q("select relname from pg_class where relnamespace = 'syncline'::regnamespace and relkind = 'v'")
  ).map(({ relname }) => relname as string);

  await t.test(
    "neither support nor operators read a secret, write a table, drop anything or become the owner",
    async () => {
      for (const role of ["syncline_support", "syncline_operator"]) {
        await asRole(w, role, async () => {
          for (const [table, column] of Object.entries(SECRETS))
            if (role === "syncline_support" || !OPERATORS_READ.includes(table))
              await denied(w, `select ${column} from syncline.${table}`);
          await denied(w, "select * from syncline.connections");
          await denied(w, "update syncline.syncs set state = 'paused'");
          await denied(w, "delete from syncline.runs");
          await denied(w, "update syncline.settings set records_expire_after = '1 s'");
          await denied(w, "select syncline.find_connection_key(1)");
          await denied(w, "select syncline.delete_environment(1)");
          await denied(w, "select syncline.get_connection(1, 'acme', 'x')");
          await denied(w, "select graphile_worker.add_job('run')");
          await denied(w, "create table syncline.x ()");
          await w.refuses(DENIED, /^must be owner/, () => w.q("drop table syncline.runs"));
        });
      }
    },
  );
  await t.test("support reads every view, asks why, checks the laws, and decides nothing", async () => {
    await asRole(w, "syncline_support", async () => {
      for (const view of VIEWS) await w.q(`select * from syncline.${view}`);
      assert.equal((await w.q("select * from syncline.sync_overview")).length, 1);
      assert.equal((await w.q(`select * from syncline.why_waiting(${ids.sync})`)).length, 1);
      assert.deepEqual(await w.q("select * from syncline.check_invariants()"), []);
      assert.ok((await w.q("select * from syncline.help('')")).length > 25);
      await denied(w, `select syncline.trigger_sync(${ids.environment}, 'x', null, null)`);
      await denied(w, `select syncline.pause_one(${ids.sync})`);
      await denied(w, `select syncline.cancel_run(${fence.run})`);
      await denied(w, "update syncline.settings set lease = '30 s'");
    });
  });
  await t.test("operators decide by functions, and change speeds", async () => {
    await asRole(w, "syncline_operator", async () => {
      for (const view of VIEWS) await w.q(`select * from syncline.${view}`);
      assert.equal(await w.one(`select syncline.pause_one(${ids.sync})`), true);
      assert.equal(await w.one(`select syncline.start_one(${ids.sync})`), true);
      await w.q("update syncline.settings set lease = '30 s'");
      assert.equal(await w.one("select lease::text from syncline.settings"), "00:00:30");
      assert.equal(await w.one(`select syncline.prune(${stream}, syncline.now() + interval '1 s')`), 3);
      await w.q(`select syncline.reset_sync(${ids.sync}), syncline.set_frequency_one(${ids.sync}, 'every day')`);
      const run = await w.one(`select live_run_id from syncline.sync_overview where sync_id = ${ids.sync}`);
      assert.equal(run, null);
      await w.q(`select syncline.trigger_one(${ids.sync})`);
    });
  });
  await t.test("the application role sees its environment alone, and without one nothing", async () => {
    const other = await makeSync(w);
    await asRole(w, "syncline_app", async () => {
      assert.deepEqual(await w.q("select id from api.environments"), []);
      await w.q("select set_config('syncline.environment', $1, true)", [String(other.environment)]);
      assert.deepEqual(await w.q("select id from api.environments"), [{ id: other.environment }]);
      await denied(w, `select syncline.pause_one(${ids.sync})`);
      await denied(w, "select signing_key_sealed from syncline.environments");
    });
  });
  await db.query("rollback");
});

test("who may not make roles can still migrate, twice, and doctor says what an administrator has to run", async (t) => {
  const { url, name } = await emptyDatabase(t);
  const owner = `owner_${name}`;
  const admin = await connect({ url, applicationName: "test" });
  await admin.query(`create role ${owner} login password 'x'`);
  await admin.query(`grant create on database ${name} to ${owner}`);
  const own = new URL(url);
  Object.assign(own, { username: owner, password: "x" });
  assert.ok((await migrate({ url: own.href })).sql.length > 40);
  assert.deepEqual((await migrate({ url: own.href })).sql, []);
  const plain = await connect({ url: own.href, applicationName: "test" });
  const { rows } = await plain.query("select name, verdict, detail from syncline.check_roles()");
  assert.deepEqual(
    rows.map((row) => [row.name, row.verdict]),
    [...ROLES].sort().map((role) => [`role ${role}`, role.startsWith("syncline_app") ? "warn" : "ok"]),
  );
  assert.match(
    rows[0].detail,
    /an administrator has to run: grant syncline_app to owner_\w+; select syncline\.apply_grants/,
  );
  const made = await plain.query("select syncline.make_role('syncline_never', false) as made");
  assert.equal(made.rows[0].made, false);
  await plain.end();
  await admin.query(`drop owned by ${owner} cascade`);
  await admin.query(`drop role ${owner}`);
  await admin.end();
});
