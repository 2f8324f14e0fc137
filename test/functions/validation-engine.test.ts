// Validation by the setting of an environment, from its runs to its records and its log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { setRecordValidation } from "../../src/db/environments.ts";
import { createRun } from "../../src/db/runs.ts";
import { TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";
import { installAcme } from "../helpers/installation.ts";
import { until } from "../helpers/until.ts";

const CONTACTS = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "A good page, then one with a bad row", version: "1.0.0", frequency: "every day", autoStart: false,
  models: { Contact: z.object({ id: z.string(), age: z.number().optional() }) },
  exec: async (nango) => {
    await nango.batchSave([{ id: "good" }], "Contact");
    await nango.batchSave([{ id: "fine", age: 1 }, { id: "bad", age: "old" }], "Contact");
  },
});
`;

test("each environment has its records validated in its own way", async (t) => {
  const engine = await testEngine(t);
  const { db, provider } = engine;
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const [, prod] = await ensureEnvironments({ db: db.pool, keyring })({ dev: undefined, prod: undefined });
  const other = await installAcme({ pool: db.pool, keyring, environment: prod!.id, provider });
  const connections: number[] = [];
  for (const { deploy, connect } of [engine, other]) {
    await deploy({ "acme/syncs/contacts.ts": CONTACTS });
    connections.push(await connect("one"));
  }
  await setRecordValidation(db.pool, { environment: prod!.id, mode: "enforce" });
  await engine.startWorker();

  const runAll = async () => {
    for (const { id } of await db.query("select id from syncline.syncs order by id")) {
      await createRun(db.pool, { sync: id, origin: "trigger", emptyCache: false });
    }
    await engine.quiet();
    const isLogged = "select from syncline.logs l where l.run_id = r.id and l.kind = 'run' and l.message <> 'started'";
    await until("all runs are logged to their end", async () => {
      const [left] = await db.query(`select count(*)::int as n from syncline.runs r where not exists (${isLogged})`);
      return left?.n === 0;
    });
    return await db.query(`select r.state, r.error ->> 'type' as type,
      (select array_agg(l.message order by l.id) from syncline.logs l where l.run_id = r.id and l.kind = 'message') as said
      from syncline.runs r order by r.id desc limit 2`);
  };
  const idsOf = async (connection: number | undefined) =>
    (await engine.live(connection!, "Contact")).map((row) => (row as { id: string }).id);

  const [enforced, warned] = await runAll();
  assert.deepEqual(enforced, { state: "failed", type: "invalid_sync_record", said: null });
  const said = ["Contact bad: age must be number", "mismatches with a schema let through: 1"];
  assert.deepEqual(warned, { state: "succeeded", type: null, said });
  assert.deepEqual(await idsOf(connections[0]), ["bad", "fine", "good"]);
  assert.deepEqual(await idsOf(connections[1]), ["good"]);

  await setRecordValidation(db.pool, { environment: prod!.id, mode: "off" });
  const [off] = await runAll();
  assert.deepEqual(off, { state: "succeeded", type: null, said: null });
  assert.deepEqual(await idsOf(connections[1]), ["bad", "fine", "good"]);
});
