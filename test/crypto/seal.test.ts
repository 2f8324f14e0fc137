// Seals: opened with the same key at the same place, and nowhere else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { contentHash, open, openJson, seal, sealAll, sealJson } from "../../src/crypto/seal.ts";

const keyring = createKeyring({ masterKey: Buffer.alloc(32, 1) });
const newKey = () => keyring.open(keyring.createDataKey());
const failsToOpen = { code: "server_error" };

test("what was sealed opens again, whatever characters it has", () => {
  const key = newKey();
  for (const text of ["", "{}", "grüße 😀", "x".repeat(100_000)])
    assert.equal(open(key, seal(key, text, "p"), "p"), text);
  assert.deepEqual(openJson(key, sealJson(key, { a: [1, null] }, "p"), "p"), { a: [1, null] });
});

test("a seal opens neither at another place, nor with another key, nor with one bit flipped", () => {
  const key = newKey();
  const sealed = seal(key, "secret", "record:1:a");
  assert.throws(() => open(key, sealed, "record:1:b"), failsToOpen);
  assert.throws(() => open(newKey(), sealed, "record:1:a"), failsToOpen);
  for (let at = 5; at < sealed.length; at++) {
    const damaged = Buffer.from(sealed);
    damaged[at]! ^= 1;
    assert.throws(() => open(key, damaged, "record:1:a"), failsToOpen);
  }
});

test("texts sealed in one batch have nonces of their own and each its own place", () => {
  const key = newKey();
  const sealed = sealAll(key, ["same", "same", "same"], (at) => `record:${at}`);
  assert.equal(new Set(sealed.map((blob) => blob.subarray(5, 17).toString("hex"))).size, 3);
  assert.equal(open(key, sealed[2]!, "record:2"), "same");
  assert.throws(() => open(key, sealed[2]!, "record:1"), failsToOpen);
});

test("no part of the text is in the seal", () => {
  const sealed = seal(newKey(), "a canary in a coal mine", "p");
  assert.equal(sealed.includes("canary"), false);
});

test("equal contents of two keys have different hashes of 16 bytes, of one key the same", () => {
  const [one, other] = [newKey(), newKey()];
  assert.deepEqual(contentHash(one, "text"), contentHash(one, "text"));
  assert.notDeepEqual(contentHash(one, "text"), contentHash(other, "text"));
  assert.notDeepEqual(contentHash(one, "text"), contentHash(one, "text "));
  assert.equal(contentHash(one, "text").length, 16);
});
