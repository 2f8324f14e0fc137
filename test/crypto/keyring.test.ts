// Data keys wrapped by master keys, and where master keys come from.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { CompactEncrypt } from "jose";
import { readKeyFile, writeKeyFile } from "../../src/crypto/key-file.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { keyringOf, loadMasterKeys, loadOwnKey } from "../../src/crypto/master-key.ts";
import { open, seal } from "../../src/crypto/seal.ts";
import type { Pool } from "../../src/db/pool.ts";

const [A, B, C] = [1, 2, 3].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer, Buffer];
const PASSPHRASE = "correct horse battery";

const folder = (t: TestContext): string => {
  const made = mkdtempSync(path.join(os.tmpdir(), "syncline-keys-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
};

test("a data key opens with the master key it names, current or accepted, and stays the same when it is wrapped anew", () => {
  const before = createKeyring({ masterKey: A });
  const both = createKeyring({ masterKey: B, accepted: [A] });
  const key = before.createDataKey();
  const sealed = seal(before.open(key), "text", "p");
  assert.equal(open(both.open(key), sealed, "p"), "text");
  const anew = both.rewrap(key);
  assert.equal(anew.master_key_id, both.masterKeyId);
  assert.equal(open(createKeyring({ masterKey: B }).open(anew), sealed, "p"), "text");
  assert.deepEqual(both.masterKeyIds, [both.masterKeyId, before.masterKeyId]);
  assert.equal(both.createDataKey().master_key_id, both.masterKeyId);
});

test("a master key that is not there is named by its id, with no bytes of any key; damage is called damage", () => {
  const key = createKeyring({ masterKey: A }).createDataKey();
  const other = createKeyring({ masterKey: C });
  assert.throws(
    () => other.open(key),
    (error: Error & { code: string }) => {
      assert.equal(error.code, "server_error");
      assert.ok(error.message.includes(key.master_key_id) && error.message.includes(other.masterKeyId));
      assert.match(error.message, /SYNCLINE_ENCRYPTION_KEYS_ACCEPTED/);
      for (const secret of [A, C, key.wrapped]) {
        assert.ok(
          !error.message.includes(secret.toString("base64")) && !error.message.includes(secret.toString("hex")),
        );
      }
      return true;
    },
  );
  for (const at of [0, 12, 59]) {
    const wrapped = Buffer.from(key.wrapped);
    wrapped[at]! ^= 1;
    const keyring = createKeyring({ masterKey: A });
    assert.throws(() => keyring.open({ ...key, wrapped }), { code: "server_error", message: /is damaged/ });
    assert.throws(() => keyring.rewrap({ ...key, wrapped: wrapped.subarray(0, at) }), { message: /is damaged/ });
  }
});

test("in development ten starts at once share one new master key, readable by its owner only", async (t) => {
  const dataFolder = folder(t);
  const keys = await Promise.all(Array.from({ length: 10 }, () => loadOwnKey(dataFolder)));
  assert.equal(new Set(keys.map((key) => key.toString("hex"))).size, 1);
  assert.equal(keys[0]!.length, 32);
  assert.equal(statSync(path.join(dataFolder, "encryption.key")).mode & 0o777, 0o600);
});

const NONE = { current: undefined, accepted: [], passphrase: undefined, passphraseFile: undefined };
const NO_DATABASE = {} as Pool;
const AWS = {} as Parameters<typeof loadMasterKeys>[0]["masterKeys"]["aws"];

test("a given key wins over the folder's; the current one is a file that a passphrase opens, the accepted ones are texts", async (t) => {
  const dataFolder = folder(t);
  const file = path.join(dataFolder, "key.jwe");
  await writeKeyFile(file, C, PASSPHRASE);
  const accepted = [A, B].map((key) => key.toString("base64"));
  const masterKeys = { ...NONE, aws: AWS, current: `file:${file}`, accepted, passphrase: PASSPHRASE };
  const keys = await loadMasterKeys({ masterKeys, dataFolder }, NO_DATABASE);
  assert.deepEqual(
    keys.map(({ secret }) => secret),
    [C, A, B],
  );
  assert.equal(keyringOf(keys).masterKeyId, createKeyring({ masterKey: C }).masterKeyId);
  const secretFile = path.join(dataFolder, "passphrase");
  writeFileSync(secretFile, `${PASSPHRASE}\n`);
  const again = { ...masterKeys, current: `file://${file}`, passphrase: undefined, passphraseFile: secretFile };
  assert.deepEqual((await loadMasterKeys({ masterKeys: again, dataFolder }, NO_DATABASE))[0]!.secret, C);
});

test("a key file says whether it, its passphrase or its content is wrong; it is never overwritten and tells no key", async (t) => {
  const file = path.join(folder(t), "key.jwe");
  const secret = randomBytes(32);
  await writeKeyFile(file, secret, PASSPHRASE);
  assert.deepEqual(await readKeyFile(file, PASSPHRASE), secret);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!readFileSync(file, "utf8").includes(secret.toString("base64url")));
  await assert.rejects(writeKeyFile(file, secret, PASSPHRASE), { code: "EEXIST" });
  const refuses = (message: RegExp, at = file, passphrase = PASSPHRASE) =>
    assert.rejects(readKeyFile(at, passphrase), { code: "invalid_settings", message });
  await refuses(/does not open with this passphrase/, file, `${PASSPHRASE}.`);
  await refuses(/cannot be read: ENOENT/, `${file}.none`);
  const write = async (name: string, text: string): Promise<string> => {
    writeFileSync(`${file}.${name}`, text);
    return `${file}.${name}`;
  };
  await refuses(/is no JWE of/, await write("empty", ""));
  const jwe = (text: string, alg = "PBES2-HS512+A256KW") =>
    new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg, enc: "A256GCM" }).encrypt(Buffer.from(PASSPHRASE));
  await refuses(/holds no key of 32 bytes/, await write("short", await jwe('{"kty":"oct","k":"AAAA"}')));
  await refuses(/holds no key of 32 bytes/, await write("other", await jwe("null")));
  await refuses(/is no JWE of/, await write("weaker", await jwe("{}", "PBES2-HS256+A128KW")));
});
