// 52_open_record.sql and 53_unlock.sql: what Node seals opens in SQL, and nothing else does.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createKeyring, type DataKey, type Keyring } from "../../src/crypto/keyring.ts";
import { contentHash, seal } from "../../src/crypto/seal.ts";
import { testDatabase } from "../helpers/database.ts";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";

const MASTER = Buffer.alloc(32, 9);
const keyring = createKeyring({ masterKey: MASTER });
const OPEN = "select syncline.open_record($1, 1, 'r1', $2, $3) as record";

const addKey = async (w: World, ring: Keyring = keyring) => {
  const { environment, connection } = await makeSync(w);
  const made = ring.createDataKey();
  await w.q(
    "insert into syncline.data_keys (environment_id, connection_id, wrapped, master_key_id) values ($1, $2, $3, $4)",
    [environment, connection, made.wrapped, made.master_key_id],
  );
  return { connection, key: ring.open(made) };
};

const unlock = (w: World, key = MASTER) => w.q("select * from syncline.unlock($1)", [key.toString("base64")]);

const openIn = (w: World, connection: number, hash: Buffer, payload: Buffer | null) =>
  w.one(OPEN, [connection, hash, payload]);

const openText = (w: World, { connection, key }: { connection: number; key: DataKey }, text: string) =>
  openIn(w, connection, contentHash(key, text), seal(key, text, "record:1:r1"));

const flipped = (blob: Buffer, at: number, bit = 0): Buffer => {
  const copy = Buffer.from(blob);
  copy[at]! ^= 1 << bit;
  return copy;
};

sqlTests("52_open_record", {
  "any JSON opens as it was sealed": async (w) => {
    const owner = await addKey(w);
    await unlock(w);
    const json = fc.json({ stringUnit: "grapheme" }).map((text) => text.replaceAll("\\u0000", ""));
    await fc.assert(
      fc.asyncProperty(json, async (text) => {
        assert.equal(
          JSON.stringify(await openText(w, owner, text)),
          await w.one("select $1::jsonb", [text]).then(JSON.stringify),
        );
      }),
      { numRuns: 150 },
    );
  },
  "every length opens, from a byte to a hundred kilobytes": async (w) => {
    const owner = await addKey(w);
    await unlock(w);
    const lengths = [...Array.from({ length: 70 }, (_, index) => index + 1), 4096, 16_383, 16_384, 16_385, 100_000];
    for (const length of lengths) {
      const text = length === 1 ? "7" : `"${"é".repeat(Math.floor((length - 2) / 2))}${length % 2 === 0 ? "" : "x"}"`;
      assert.equal(await openText(w, owner, text), JSON.parse(text), `${length}`);
    }
  },
  "a locked session and a pruned record give null; a session is locked again": async (w) => {
    const owner = await addKey(w);
    assert.equal(await openText(w, owner, "{}"), null);
    await unlock(w);
    assert.deepEqual(await openText(w, owner, "{}"), {});
    assert.equal(await openIn(w, owner.connection, Buffer.alloc(16), null), null);
    assert.equal(await w.one("select syncline.lock_session()"), 1);
    assert.equal(await openText(w, owner, "{}"), null);
    const left =
      "select count(*) from unnest($1::text[]) n where coalesce(current_setting('syncline.' || n, true), '') <> ''";
    const names = ["wrap_key", "master_key_id", "open_keys", "crypto_schema", `key_${owner.connection}`];
    assert.equal(await w.one(left, [names]), 0);
  },
  "any flipped bit of a payload or its hash is damage that names the record": async (w) => {
    const { connection, key } = await addKey(w);
    await unlock(w);
    const [hash, payload] = [contentHash(key, '{"a":1}'), seal(key, '{"a":1}', "record:1:r1")];
    // The last 16 bytes are GCM's own tag, which only Node checks.
    for (let at = 0; at < payload.length - 16; at++)
      await w.refuses("SL007", /^record r1 of stream 1 is damaged$/, () =>
        openIn(w, connection, hash, flipped(payload, at, at % 8)),
      );
    await w.refuses("SL007", /^record r1 /, () => openIn(w, connection, flipped(hash, 3), payload));
    await w.refuses("SL007", /^record r1 /, () => openIn(w, connection, hash, payload.subarray(0, 20)));
    assert.deepEqual(await openIn(w, connection, hash, payload), { a: 1 });
  },
  "a payload of another connection is damage, with its hash too": async (w) => {
    const [one, other] = [await addKey(w), await addKey(w)];
    await unlock(w);
    const payload = seal(one.key, "{}", "record:1:r1");
    await w.refuses("SL007", /^record r1 /, () => openIn(w, other.connection, contentHash(one.key, "{}"), payload));
    // The four bytes that name the key are no secret.
    other.key.tag.copy(payload, 1);
    await w.refuses("SL007", /^record r1 /, () => openIn(w, other.connection, contentHash(one.key, "{}"), payload));
  },
  "unlock says what it opens, and refuses what is no key or the wrong one": async (w) => {
    const other = Buffer.alloc(32, 10);
    const nothing = /^this key opens nothing here$/;
    await w.refuses("SL004", nothing, () => unlock(w));
    await addKey(w);
    await addKey(w);
    assert.deepEqual(await unlock(w), [{ environments: 2, connections: 2, not_opened: 0 }]);
    const foreign = await addKey(w, createKeyring({ masterKey: other }));
    assert.deepEqual(await unlock(w), [{ environments: 2, connections: 2, not_opened: 1 }]);
    assert.equal(await openText(w, foreign, "{}"), null);
    await w.refuses("SL004", nothing, () => unlock(w, Buffer.alloc(32, 11)));
    await w.refuses("SL004", /^the key is not the base64 text of 32 bytes$/, () => unlock(w, MASTER.subarray(1)));
    await w.refuses("SL004", /^the key is not the base64/, () => w.q("select syncline.unlock('§')"));
  },
  "a wrapped key that was damaged, or put there by others, does not open": async (w) => {
    const { connection, key } = await addKey(w);
    await unlock(w);
    for (const at of [0, 11, 12, 43, 44, 59]) {
      await w.q("savepoint whole");
      await w.q(
        "update syncline.data_keys set wrapped = set_byte(wrapped, $2, get_byte(wrapped, $2) # 4) where connection_id = $1",
        [connection, at],
      );
      await w.refuses("SL007", /^the data key of connection \d+ does not open$/, () =>
        openText(w, { connection, key }, "{}"),
      );
      await w.q("rollback to whole");
    }
    await w.q("update syncline.data_keys set master_key_id = 'ours'");
    await w.q("update syncline.data_keys set master_key_id = $1, wrapped = $2", [
      keyring.masterKeyId,
      createKeyring({ masterKey: Buffer.alloc(32, 8) }).createDataKey().wrapped,
    ]);
    await w.refuses("SL004", /^this key opens nothing here$/, () => unlock(w));
  },
});

test("pgcrypto may be in any schema; without it unlock says what to do, and all else works", async (t) => {
  const { newPool } = await testDatabase(t, { poolSize: 1 });
  const db = await newPool({ max: 1 }).connect();
  t.after(() => db.release());
  const one = async (sql: string, params: unknown[] = []) =>
    Object.values((await db.query(sql, params)).rows[0] ?? {})[0];
  const q = async (sql: string, params: unknown[] = []) => (await db.query(sql, params)).rows;
  const w = { db, one, q } as unknown as World;
  const owner = await addKey(w);
  await q("drop extension pgcrypto");
  assert.equal(await openText(w, owner, "{}"), null);
  await assert.rejects(unlock(w), { code: "SL005", hint: /^create extension pgcrypto;/ });
  await q("create schema elsewhere");
  await q("create extension pgcrypto schema elsewhere");
  await unlock(w);
  assert.deepEqual(await openText(w, owner, '{"a":1}'), { a: 1 });
});
