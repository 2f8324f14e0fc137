// Promise: tokens that are signed here are verified with nothing but the public key or the shared secret, as their providers do.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { obtain } from "../../../src/auth/obtain.ts";
import { loadCatalogue } from "../../../src/providers/catalogue.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { at, contextOf, NOW, v } from "./world.ts";

const catalogue = loadCatalogue({ files: ["@nangohq/providers"] });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (key: typeof rsa.privateKey, type: "pkcs8" | "pkcs1" | "sec1" = "pkcs8") =>
  key.export({ type, format: "pem" }) as string;

const sign = async (
  entry: Parameters<typeof contextOf>[0],
  fields: object,
  connectionConfig: Record<string, unknown> = {},
) => {
  const { credentials } = await obtain(
    contextOf(entry, { type: "JWT", ...fields } as Credentials, { connectionConfig }),
  );
  assert.ok(credentials.type === "JWT");
  return { token: credentials.token!, expires_at: credentials.expires_at };
};

const verify = async (token: string, key: Parameters<typeof jwtVerify>[1], alg: string) =>
  (await jwtVerify(token, key as never, { algorithms: [alg], currentDate: new Date(NOW) })).payload;

const iat = NOW / 1000;

test("App Store Connect: ES256 with the key's id; a scope that is not set is left out", async () => {
  const entry = catalogue.get("apple-app-store")!;
  const given = { privateKey: pem(ec.privateKey), privateKeyId: "2X9R4HXF34", issuerId: "57246542-96fe" };
  const { token, expires_at } = await sign(entry, given);
  const payload = await verify(token, ec.publicKey, "ES256");
  assert.deepEqual(payload, { iss: "57246542-96fe", aud: "appstoreconnect-v1", iat, exp: iat + 900 });
  assert.deepEqual(decodeProtectedHeader(token), { alg: "ES256", kid: "2X9R4HXF34", typ: "JWT" });
  assert.equal(expires_at, at(900_000));
  const scoped = await sign(entry, given, { scope: "GET /v1/apps" });
  assert.deepEqual((await verify(scoped.token, ec.publicKey, "ES256")).scope, ["GET /v1/apps"]);
});

test("Ghost: the id and the hexadecimal secret of one key", async () => {
  const secret = "0123456789abcdef".repeat(4);
  const { token, expires_at } = await sign(catalogue.get("ghost-admin")!, { privateKey: `64fa9d:${secret}` });
  assert.deepEqual(await verify(token, Buffer.from(secret, "hex"), "HS256"), { aud: "/admin/", iat, exp: iat + 300 });
  assert.equal(decodeProtectedHeader(token).kid, "64fa9d");
  assert.equal(expires_at, at(300_000));
});

test("Heymarket: a secret of text, of which two bars are a part", async () => {
  const { token } = await sign(catalogue.get("heymarket")!, { apiSecretId: "abcd", apiSecretKey: "ef01" });
  assert.equal((await verify(token, Buffer.from("abcd||ef01"), "HS256")).iss, "abcd");
});

test("Snowflake: the issuer has the fingerprint of the public key", async () => {
  const given = { privateKey: pem(rsa.privateKey, "pkcs1"), accountIdentifier: "ORG-ACC", userName: "ADA" };
  const { token } = await sign(catalogue.get("snowflake-jwt")!, given);
  const der = rsa.publicKey.export({ type: "spki", format: "der" });
  const fingerprint = `SHA256:${createHash("sha256").update(der).digest("base64")}`;
  const payload = await verify(token, rsa.publicKey, "RS256");
  assert.deepEqual([payload.iss, payload.sub], [`ORG-ACC.ADA.${fingerprint}`, "ORG-ACC.ADA"]);
});

test("whatever the algorithm and the claims, what is signed is what is verified", async () => {
  const keys = {
    ...{ RS256: rsa, RS384: rsa, RS512: rsa, PS256: rsa, ES256: ec, EdDSA: generateKeyPairSync("ed25519") },
    ES384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  };
  const claim = fc.string({ unit: "grapheme", minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...(Object.keys(keys) as (keyof typeof keys)[])),
      claim,
      claim,
      async (alg, sub, role) => {
        const payload = {
          sub: v("credentials.sub"),
          nested: { roles: [v("connectionConfig.role"), v("metadata.none")] },
          exp: `${iat + 60}`,
        };
        const entry = { auth_mode: "JWT", token: { signing_key: v("credentials.key"), header: { alg }, payload } };
        const { token } = await sign(entry, { key: pem(keys[alg].privateKey), sub }, { role });
        assert.deepEqual(await verify(token, keys[alg].publicKey, alg), {
          sub,
          nested: { roles: [role] },
          iat,
          exp: iat + 60,
        });
      },
    ),
    { numRuns: 60 },
  );
});

test("a key that does not fit is refused without being shown", async () => {
  const entry = (alg: string) => ({ auth_mode: "JWT", token: { signing_key: v("credentials.key"), header: { alg } } });
  for (const [alg, key] of [
    ["ES256", pem(rsa.privateKey)],
    ["RS256", "no key at all"],
    ["none", pem(rsa.privateKey)],
  ] as const) {
    await assert.rejects(sign(entry(alg), { key }), (error: Error & { code?: string }) => {
      assert.equal(error.code, "invalid_credentials");
      assert.doesNotMatch(`${error.message}${error.cause ?? ""}`, /BEGIN|no key at all/);
      return true;
    });
  }
  await assert.rejects(sign(entry("RS256"), {}), { code: "invalid_credentials" });
});
