// sql/55_environment.sql: environments and their keys.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { findEnvironmentByKey } from "../../src/db/api-keys.ts";
import { ensureEnvironments, hashApiKey } from "../../src/db/ensure-environments.ts";
import { getRecordValidation, setRecordValidation } from "../../src/db/environments.ts";
import { testDatabase } from "../helpers/database.ts";
import { KEY } from "./tenant.ts";

test("a second start overwrites nothing, and twenty at once make one environment", async (t) => {
  const db = await testDatabase(t);
  const keyring = createKeyring({ masterKey: randomBytes(32) });
  const start = ensureEnvironments({ db: db.pool, keyring });
  const all = await Promise.all(
    Array.from({ length: 20 }, () => start({ dev: "a key that is given", prod: undefined })),
  );
  assert.equal(all.flat().filter(({ isNew }) => isNew).length, 2);
  const [newKey, ...others] = all.flat().flatMap(({ newKey }) => newKey ?? []);
  assert.deepEqual(others, []);
  const read =
    "select name, signing_key_sealed, wrapped from syncline.environments e join syncline.data_keys k on k.environment_id = e.id order by 1";
  const before = await db.query(read);
  assert.equal(before.length, 2);
  await start({ dev: "another key", prod: undefined });
  assert.deepEqual(await db.query(read), before);
  const nameOf = async (key: string) => (await findEnvironmentByKey(db.pool, { keyHash: hashApiKey(key) }))?.name;
  assert.deepEqual([await nameOf("a key that is given"), await nameOf("another key")], ["dev", "dev"]);
  assert.equal(await nameOf(newKey as string), "prod");
});

test("a start with another master key is refused before it does harm", async (t) => {
  const db = await testDatabase(t);
  const start = () => ensureEnvironments({ db: db.pool, keyring: createKeyring({ masterKey: randomBytes(32) }) });
  await start()({ dev: undefined });
  await assert.rejects(start()({ dev: undefined }), /SYNCLINE_ENCRYPTION_KEY/);
});

test("a key acts for one environment only, and not once it is revoked", async (t) => {
  const db = await testDatabase(t);
  const ids = [];
  for (const name of ["dev", "prod"]) {
    ids.push((await db.query("select id from syncline.ensure_environment($1, $2, 'm')", [name, KEY]))[0]?.id);
  }
  const add = (id: number) => db.query("select syncline.add_api_key($1, $2, 'k') as is_new", [id, KEY]);
  assert.deepEqual([await add(ids[0]), await add(ids[0])], [[{ is_new: true }], [{ is_new: false }]]);
  await assert.rejects(add(ids[1]), { code: "SL005" });
  assert.equal((await findEnvironmentByKey(db.pool, { keyHash: KEY }))?.name, "dev");
  await db.query("update syncline.api_keys set revoked_at = syncline.now()");
  assert.equal(await findEnvironmentByKey(db.pool, { keyHash: KEY }), null);
});

test("each environment has its own way to validate records: warn, until another known one is chosen", async (t) => {
  const db = await testDatabase(t);
  const ids: number[] = [];
  for (const name of ["dev", "prod"]) {
    ids.push((await db.query("select id from syncline.ensure_environment($1, $2, 'm')", [name, KEY]))[0]?.id as number);
  }
  await setRecordValidation(db.pool, { environment: ids[1]!, mode: "enforce" });
  await assert.rejects(setRecordValidation(db.pool, { environment: ids[0]!, mode: "strict" }), { code: "SL004" });
  const modes = ids.map((environment) => getRecordValidation(db.pool, { environment }));
  assert.deepEqual(await Promise.all(modes), ["warn", "enforce"]);
});

test("an environment is known by its name; another name is told which there are", async (t) => {
  const db = await testDatabase(t, { poolSize: 1 });
  const ask = (name: string) => db.query("select syncline.environment_id($1) as id", [name]);
  await assert.rejects(ask("prod"), { code: "SL002", hint: "There is none yet." });
  const [made] = await db.query("select id from syncline.ensure_environment('prod', $1, 'm')", [KEY]);
  await db.query("select from syncline.ensure_environment('dev', $1, 'm')", [KEY]);
  assert.deepEqual(await ask("prod"), [made]);
  await assert.rejects(ask("prd"), { code: "SL002", hint: "There are: prod, dev" });
});
