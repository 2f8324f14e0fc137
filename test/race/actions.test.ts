// Many workers that claim actions at once, many calls under one key at once.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import * as actions from "../../src/db/actions.ts";
import { testDatabase } from "../helpers/database.ts";
import { type Ids, makeFunction, makeSync, type World, worldOn } from "../helpers/world.ts";

const WORKERS = 12;
const ROUNDS = 10;

test("actions claimed by many workers at once", async (t) => {
  const { newPool } = await testDatabase(t);
  const pool = newPool({ max: WORKERS, options: "-c deadlock_timeout=100ms" });
  const db = await pool.connect();
  t.after(() => db.release());
  const w = worldOn(db) as World;
  const environments: Ids[] = [];
  for (let n = 0; n < 3; n++) {
    const ids = await makeSync(w);
    await makeFunction(w, ids, { kind: "action", name: "send" });
    environments.push(ids);
  }
  const ask = (connection: number, key: string | null) =>
    actions.askAction(pool, {
      uid: randomUUID(),
      connection,
      name: "send",
      isAsync: key === null,
      inputSealed: key === null ? Buffer.from("sealed") : null,
      maxRetries: 0,
      key,
      inputHash: key === null ? null : Buffer.from("hash"),
      worker: "api",
    });
  const claimers = Array.from({ length: WORKERS - 1 }, (_, n) => `w${n}`);

  await t.test("one of each environment is begun, by one of them, until none is left", async () => {
    for (const { connection } of environments) for (let n = 0; n < ROUNDS; n++) await ask(connection, null);
    for (let round = 0; round < ROUNDS; round++) {
      const claimed = (await Promise.all(claimers.map((worker) => actions.claimAction(pool, { worker })))).filter(
        (lease) => lease !== undefined,
      );
      const found = claimed.map(({ environment_id }) => environment_id).sort();
      assert.deepEqual(found, environments.map(({ environment }) => environment).sort());
      const outcome = Buffer.from("outcome");
      await Promise.all(claimed.map(({ id: run, token }) => actions.finishAction(pool, { run, token, outcome })));
    }
    assert.equal(await w.one("select count(*) from syncline.actions where state = 'succeeded'"), 3 * ROUNDS);
    assert.equal(await w.one("select count(*) from syncline.runs where kind = 'action' and state <> 'succeeded'"), 0);
  });

  await t.test("of calls under one key one is run", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const asked = await Promise.all(claimers.map(() => ask(environments[0]!.connection, `key ${round}`)));
      assert.equal(asked.filter(({ is_new }) => is_new).length, 1);
      assert.equal(new Set(asked.map(({ uid }) => uid)).size, 1);
    }
  });
});
