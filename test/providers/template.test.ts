// Promise: catalogue templates are filled from the connection's own fields, and what is missing is named, never guessed.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Credentials } from "../../src/providers/credentials.ts";
import { fillTemplate } from "../../src/providers/template.ts";

const v = (expression: string): string => `$\{${expression}}`;
const fill = (template: string, credentials: Credentials = { type: "NONE" }) =>
  fillTemplate(template, {
    credentials,
    connectionConfig: { subdomain: "acme", port: 8080, "a.b": "exact", a: { b: "deep", c: "nested" }, empty: "" },
    metadata: { team: { id: "T1" } },
  });
const text = (template: string, credentials?: Credentials): string => {
  const filled = fill(template, credentials);
  assert.deepEqual(filled.missing, [], template);
  return filled.text;
};
const basic: Credentials = { type: "BASIC", username: "me", password: "pw:x" };

test("fields of the connection, its metadata and its credentials are filled in", () => {
  assert.equal(text("no template"), "no template");
  const base = `https://${v("connectionConfig.subdomain")}.example.com:${v(" connectionConfig.port ")}/`;
  assert.equal(text(base), "https://acme.example.com:8080/");
  assert.equal(text(`${v("metadata.team.id")}/${v("connectionConfig.a.c")}`), "T1/nested");
  assert.equal(text(v("connectionConfig.a.b")), "exact");
  assert.equal(text(`Bearer ${v("apiKey")}`, { type: "API_KEY", apiKey: "k" }), "Bearer k");
  assert.equal(text(v("credentials.apiKey"), { type: "API_KEY", apiKey: "k" }), "k");
  assert.equal(text(v("accessToken"), { type: "OAUTH2", access_token: "t" }), "t");
  const oauth: Credentials = { type: "OAUTH2", access_token: "t", raw: { user: { id: 5 } } };
  assert.equal(text(v("credentials.raw.user.id"), oauth), "5");
  assert.equal(text(`${v("username")}:${v("password")}`, basic), "me:pw:x");
});

test("base64 encodes what it fills, in both ways of writing it", () => {
  const encoded = (plain: string) => Buffer.from(plain).toString("base64");
  const key: Credentials = { type: "API_KEY", apiKey: "k1" };
  assert.equal(text(`Basic ${v(`base64(${v("username")}:${v("password")})`)}`, basic), `Basic ${encoded("me:pw:x")}`);
  assert.equal(text(`Basic ${v("base64(username:password)")}`, basic), `Basic ${encoded("me:pw:x")}`);
  assert.equal(text(v("base64(apiKey:x)"), key), encoded("k1:x"));
  assert.equal(text(v(`base64(${v("apiKey")}:)`), key), encoded("k1:"));
  assert.deepEqual(
    fill(v("base64(apiKey:)")).missing,
    ["credentials.apiKey"].map(() => "apiKey"),
  );
});

test("of alternatives the first with a value is taken, inside a placeholder and between whole texts", () => {
  assert.equal(text(`https://${v("connectionConfig.host || gitlab.example")}/x`), "https://gitlab.example/x");
  assert.equal(text(v("connectionConfig.subdomain||other")), "acme");
  assert.equal(text(v("connectionConfig.none || metadata.team.id || x")), "T1");
  const whole = `https://${v("connectionConfig.none")}.a.example || https://${v("connectionConfig.subdomain")}.b.example`;
  assert.equal(text(whole), "https://acme.b.example");
  assert.equal(
    text(`Bearer ${v("apiKey")} || Bearer ${v("accessToken")}`, { type: "API_KEY", apiKey: "k" }),
    "Bearer k",
  );
});

test("what has no value is named, and nothing but own fields can be read", () => {
  assert.deepEqual(fill(`${v("connectionConfig.x")}/${v("apiKey")}`).missing, ["connectionConfig.x", "apiKey"]);
  const unreadable = [
    "connectionConfig.constructor.name",
    "credentials.__proto__",
    "process.env",
    "connectionConfig.a",
  ];
  for (const name of unreadable) assert.deepEqual(fill(v(name)).missing, [name]);
});

test("times, hashes, parts of a pair and names that are passed are filled; a placeholder may stand in another's function", () => {
  const now = Date.UTC(2026, 2, 1, 9, 5, 7, 40);
  const context = {
    credentials: { type: "TWO_STEP", privateKey: "k1:s:2", secret: "s" } as Credentials,
    connectionConfig: { region: "eu" },
    metadata: {},
    integrationConfig: { service: "s3" },
    client: { client_id: "id", client_secret: "pw" },
    values: { step1: { token: { value: "t1" } }, refresh_token: "r", random: "n" },
    now,
  };
  const cases: [string, string][] = [
    ["now", "2026-03-01T09:05:07.040Z"],
    ["now:X", String(Math.floor(now / 1000))],
    ["now+7:days:YYYY-MM-DD", "2026-03-08"],
    ["now-1:minutes:YYYYMMDDTHHmmss[Z]", "20260301T090407Z"],
    ["now:ddd, DD MMM YYYY HH:mm:ss ZZ", "Sun, 01 Mar 2026 09:05:07 +0000"],
    ["credentials.privateKey.id", "k1"],
    ["credentials.privateKey.secret", "s:2"],
    [`clientId}/${v("clientSecret")}/${v("integrationConfig.service")}/${v("region")}${"$"}{random`, "id/pw/s3/eun"],
    [`step1.token.value}${v("refresh_token")}${"$"}{random`, "t1rn"],
    [`sha256Hex(${v("random")})`, "1b16b1df538ba12dc3f97edbb85caa7050d46c148134290feba80f8236c83db9"],
    [`sha256Hex(${v(`base64(${v("random")})`)})`, createHash("sha256").update("bg==").digest("hex")],
    // RFC 2202, test case 2.
    ["hmacSha1Hex(what do ya want for nothing?, Jefe)", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
  ];
  for (const [expression, wanted] of cases) {
    assert.deepEqual(fillTemplate(v(expression), context), { text: wanted, missing: [] }, expression);
  }
  assert.deepEqual(fillTemplate(v("awsSigV4(a, b)"), context).missing, ["awsSigV4()"]);
});

test("a value that looks like a template is not filled again", () => {
  const filled = fillTemplate(v("connectionConfig.x"), {
    credentials: { type: "API_KEY", apiKey: "secret" },
    connectionConfig: { x: v("apiKey") },
    metadata: {},
  });
  assert.deepEqual(filled, { text: v("apiKey"), missing: [] });
});
