// Promise: X-WSSE headers have the digests that are published for them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { wsseHeader } from "../../../src/auth/kinds/signature.ts";
import { obtain } from "../../../src/auth/obtain.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { at, contextOf } from "./world.ts";

const digestIn = (header: string): string => /PasswordDigest="([^"]+)"/.exec(header)?.[1] ?? "";

// The example of xml.com's "Atom Authentication" of 17 December 2003, which the header comes from; also in npm's wsse.
const BOB = {
  username: "bob",
  password: "taadtaadpstcsm",
  nonce: "d36e316282959a9ed4c89851497a717f",
  created: "2003-12-15T14:43:07Z",
};

test("the header is that of the published example", () => {
  const expected =
    'UsernameToken Username="bob", PasswordDigest="quR/EWLAV4xLf9Zqyw4pDmfV9OY=", ' +
    'Nonce="d36e316282959a9ed4c89851497a717f", Created="2003-12-15T14:43:07Z"';
  assert.equal(wsseHeader(BOB, "binary"), expected);
});

test("the digests of ONVIF's programmer's guide and of the hexadecimal kind are right as well", () => {
  // ONVIF Application Programmer's Guide 1.0, 6.1.1.3; there the nonce is bytes, which here must stand for themselves.
  const bytes = Buffer.from("LKqI6G/AikKCQrN0zqZFlg==", "base64");
  const onvif = createHash("sha1").update(bytes).update("2010-09-16T07:50:45Z").update("userpassword").digest("base64");
  assert.equal(onvif, "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
  // Emarsys has the same hash written in hexadecimal before it is encoded.
  const hex = Buffer.from(digestIn(wsseHeader(BOB, "hex")), "base64").toString();
  assert.equal(hex, Buffer.from("quR/EWLAV4xLf9Zqyw4pDmfV9OY=", "base64").toString("hex"));
});

test("a header is good for five minutes, once, and a quote in a name does not end it", async () => {
  const given: Credentials = { type: "SIGNATURE", username: 'a"b', password: "p" };
  const ask = async (over: object) => {
    const { credentials } = await obtain(contextOf({ auth_mode: "SIGNATURE", ...over }, given));
    assert.ok(credentials.type === "SIGNATURE");
    return credentials;
  };
  const first = await ask({ signature: { protocol: "WSSE" } });
  const second = await ask({
    signature: { protocol: "WSSE", digest_encoding: "binary" },
    token: { expires_in_ms: 1000 },
  });
  assert.equal(first.expires_at, at(300_000));
  assert.equal(second.expires_at, at(1000));
  assert.notEqual(first.token, second.token);
  const [, nonce, created] = /Nonce="([0-9a-f]{32})", Created="([^"]+)"$/.exec(second.token!) ?? [];
  assert.equal(created, "2026-03-01T12:00:00Z");
  assert.equal(digestIn(second.token!), createHash("sha1").update(`${nonce}${created}p`).digest("base64"));
  assert.match(first.token!, /^UsernameToken Username="a\\"b", /);
  await assert.rejects(ask({ signature: { protocol: "RSA" } }), { code: "invalid_credentials" });
});
