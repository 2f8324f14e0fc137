// From one master key to another: every data key ends under the new one, whoever else is at it, and what they sealed opens.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring, type Keyring } from "../../src/crypto/keyring.ts";
import { checkDataKeys, rotateKeys } from "../../src/crypto/rotate-keys.ts";
import { open, seal } from "../../src/crypto/seal.ts";
import { findConnectionKey } from "../../src/db/keys.ts";
import { testDatabase } from "../helpers/database.ts";
import { makeSync, worldOn } from "../helpers/world.ts";

const [A, B, C] = [1, 2, 3].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer, Buffer];
const before = createKeyring({ masterKey: A });
const both = createKeyring({ masterKey: B, accepted: [A] });
const KEYS = 1_300; // three batches

const worldWith = async (t: TestContext, count = KEYS) => {
  const db = await testDatabase(t, { poolSize: 4 });
  const client = await db.pool.connect();
  const { environment, integration } = await makeSync(worldOn(client)).finally(() => client.release());
  const rows = await db.query(
    `insert into syncline.connections (environment_id, integration_id, connection_id, auth_mode)
     select $1, $2, 'c' || i, 'NONE' from generate_series(1, $3) i returning id`,
    [environment, integration, count],
  );
  const sealed = new Map<number, Buffer>();
  const put = async (connection: number, keyring: Keyring): Promise<void> => {
    const key = keyring.createDataKey();
    sealed.set(connection, seal(keyring.open(key), `of ${connection}`, "p"));
    await db.query(
      "insert into syncline.data_keys (environment_id, connection_id, wrapped, master_key_id) values ($1, $2, $3, $4)",
      [environment, connection, key.wrapped, key.master_key_id],
    );
  };
  for (const { id } of rows) await put(id, before);
  const checkAll = async (keyring: Keyring): Promise<void> => {
    for (const [connection, blob] of sealed) {
      const key = await findConnectionKey(db.pool, { connection });
      assert.equal(open(keyring.open(key!), blob, "p"), `of ${connection}`);
    }
  };
  const rotate = (keyring: Keyring, onProgress = (_: number): void => {}) =>
    rotateKeys({ pool: db.pool, keyring, onProgress });
  return { db, ids: rows.map(({ id }) => id as number), sealed, checkAll, rotate };
};

test("three rotations at once share the keys, and a fourth finds nothing to do", async (t) => {
  const { checkAll, rotate } = await worldWith(t);
  const seen: number[] = [];
  const results = await Promise.all([both, both, both].map((keyring) => rotate(keyring, (n) => seen.push(n))));
  assert.equal(
    results.reduce((sum, { rotated }) => sum + rotated, 0),
    KEYS,
  );
  for (const { left, unreadable } of results) assert.deepEqual([left, unreadable], [[], []]);
  assert.ok(seen.length >= 3);
  await checkAll(createKeyring({ masterKey: B }));
  assert.deepEqual(await rotate(both), { masterKeyId: both.masterKeyId, rotated: 0, unreadable: [], left: [] });
  // And on to the next, with the same accepted list grown by one.
  assert.equal((await rotate(createKeyring({ masterKey: C, accepted: [B, A] }))).rotated, KEYS);
  await checkAll(createKeyring({ masterKey: C }));
});

test("who accepts both keys opens everything all through a rotation, whichever of them is current there", async (t) => {
  const { db, ids, sealed, checkAll, rotate } = await worldWith(t, 700);
  let isOver = false;
  const readAll = async (keyring: Keyring): Promise<number> => {
    const keys = createDataKeys({ db: db.pool, keyring, rememberedMs: 0 });
    let count = 0;
    for (; !isOver; count++) {
      const id = ids[(count * 7) % ids.length]!;
      assert.equal(open(await keys.ofConnection(id), sealed.get(id)!, "p"), `of ${id}`);
    }
    return count;
  };
  const reading = Promise.all([both, createKeyring({ masterKey: A, accepted: [B] })].map(readAll));
  const { rotated } = await rotate(both).finally(() => {
    isOver = true;
  });
  assert.equal(rotated, 700);
  for (const count of await reading) assert.ok(count > 10, `${count} were read`);
  await checkAll(createKeyring({ masterKey: B }));
});

test("a key that somebody holds is waited for, one deleted meanwhile is not missed, one changed meanwhile is not overwritten", async (t) => {
  const { db, ids, rotate } = await worldWith(t, 5);
  const other = await db.pool.connect();
  t.after(() => other.release());
  const holders = (): Promise<void> =>
    new Promise((resolve) => {
      const look = async (): Promise<void> => {
        const [row] = await db.query("select count(*)::int as n from syncline.data_keys where master_key_id = $1", [
          both.masterKeyId,
        ]);
        if (row!.n === 3) resolve();
        else setImmediate(look);
      };
      void look();
    });
  await other.query("begin");
  await other.query("select from syncline.data_keys where connection_id = any ($1) for update", [ids.slice(0, 2)]);
  const rotating = rotate(both);
  await holders();
  await other.query("delete from syncline.data_keys where connection_id = $1", [ids[0]]);
  await other.query("commit");
  assert.deepEqual(await rotating, { masterKeyId: both.masterKeyId, rotated: 4, unreadable: [], left: [] });
  assert.equal(await findConnectionKey(db.pool, { connection: ids[0]! }), null);
  await db.query("delete from syncline.connections where id = $1", [ids[0]]);
  const key = await findConnectionKey(db.pool, { connection: ids[1]! });
  const [row] = await db.query("select id from syncline.data_keys where connection_id = $1", [ids[1]]);
  const [{ count }] = (await db.query(
    "select syncline.wrap_keys(array[$1::int], array[$2::bytea], array[$3::bytea], 'x') as count",
    [row!.id, randomBytes(60), randomBytes(60)],
  )) as [{ count: number }];
  assert.equal(count, 0);
  assert.deepEqual(await findConnectionKey(db.pool, { connection: ids[1]! }), key);
});

test("what does not open is left as it is, named, and does not hold up the others", async (t) => {
  const { db, ids, rotate } = await worldWith(t, 6);
  const foreign = createKeyring({ masterKey: C }).createDataKey();
  await db.query("update syncline.data_keys set wrapped = $2, master_key_id = $3 where connection_id = $1", [
    ids[0],
    foreign.wrapped,
    foreign.master_key_id,
  ]);
  await db.query(
    "update syncline.data_keys set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where connection_id = $1",
    [ids[1]],
  );
  const result = await rotate(both);
  assert.equal(result.rotated, 4);
  assert.equal(result.unreadable.length, 2);
  assert.deepEqual(
    result.left.map(({ master_key_id: id, count }) => [id, count]).sort(),
    [
      [before.masterKeyId, 1],
      [foreign.master_key_id, 1],
    ].sort(),
  );
  const states = await checkDataKeys(db.pool, both);
  const stateOf = (id: string) => states.find(({ master_key_id }) => master_key_id === id);
  assert.deepEqual(
    [both.masterKeyId, before.masterKeyId, foreign.master_key_id].map((id) => {
      const { connections, isCurrent, isKnown, unreadable } = stateOf(id)!;
      return [connections, isCurrent, isKnown, unreadable];
    }),
    [
      [4, true, true, 0],
      [1, false, true, 1],
      [1, false, false, null],
    ],
  );
});
