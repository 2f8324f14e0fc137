// Data keys wrapped by a master key, and where the master key comes from.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { loadMasterKey } from "../../src/crypto/master-key.ts";
import { open, seal } from "../../src/crypto/seal.ts";

test("a wrapped data key opens to the same key with its master key, and not with another", () => {
  const keyring = createKeyring({ masterKey: Buffer.alloc(32, 1) });
  const { wrapped, master_key_id } = keyring.createDataKey();
  const sealed = seal(keyring.open(wrapped), "text", "p");
  assert.equal(open(keyring.open(wrapped), sealed, "p"), "text");
  const other = createKeyring({ masterKey: Buffer.alloc(32, 2) });
  assert.throws(() => other.open(wrapped), { code: "server_error", message: /SYNCLINE_ENCRYPTION_KEY/ });
  assert.notEqual(other.masterKeyId, master_key_id);
});

test("in development ten starts at once share one new master key, readable by its owner only", async (t) => {
  const dataFolder = mkdtempSync(path.join(os.tmpdir(), "syncline-keys-"));
  t.after(() => rmSync(dataFolder, { recursive: true }));
  const keys = await Promise.all(
    Array.from({ length: 10 }, () => loadMasterKey({ encryptionKey: undefined, dataFolder })),
  );
  assert.equal(new Set(keys.map((key) => key.toString("hex"))).size, 1);
  assert.equal(keys[0]!.length, 32);
  assert.equal(statSync(path.join(dataFolder, "encryption.key")).mode & 0o777, 0o600);
});

test("a given encryption key wins over the folder's", async () => {
  const encryptionKey = Buffer.alloc(32, 9).toString("base64");
  assert.deepEqual(await loadMasterKey({ encryptionKey, dataFolder: "/nowhere" }), Buffer.alloc(32, 9));
});
