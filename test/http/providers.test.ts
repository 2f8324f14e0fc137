// Promise: whoever builds a form from the catalogue sees all that entries say about their fields, also in a connect session.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { testApi } from "./api.ts";

const entry = `
formed:
  display_name: Formed
  auth_mode: API_KEY
  credentials:
    apiKey: { type: string, title: Key, description: A key., secret: true, pattern: "^k_", example: k_1 }
  connection_config:
    second: { type: string, title: Second, description: Two., order: 2, prefix: "https://", suffix: .example.com }
    first: { type: string, title: First, description: One., order: 1, enum: [a, b], default_value: a }
    unseen: { type: string, title: Unseen, description: Three., hidden: true, default_value: "x" }
    found: { type: string, title: Found, description: Four., automated: true, optional: true, format: uuid }
    shown: { type: string, title: Shown, description: Five., visible_when: { field: first, equals: b }, doc_section: "#s" }
  docs_connect: https://example.com/connect
  proxy: { base_url: https://api.example.com }
`;

test("an entry's fields reach a connect session as they are written, and search is by a part of the name", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "providers-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, "own.yaml"), entry);
  const api = await testApi(t, { catalogueFiles: [folder] });
  await api.must("POST", "/integrations", { body: { provider: "formed", unique_key: "formed" } });
  const { data: session } = await api.must("POST", "/connect/sessions", { body: { end_user: { id: "u1" } } });
  const asSession = { key: session.token };
  const one = await api.call("GET", "/providers/formed", asSession);
  assert.equal(one.status, 200);
  const { connection_config: fields, credentials, docs_connect } = one.body.data;
  assert.deepEqual(Object.keys(fields), ["second", "first", "unseen", "found", "shown"]);
  assert.deepEqual(fields.second, {
    ...{ type: "string", title: "Second", description: "Two." },
    ...{ order: 2, prefix: "https://", suffix: ".example.com" },
  });
  assert.deepEqual([fields.first.order, fields.first.enum, fields.first.default_value], [1, ["a", "b"], "a"]);
  assert.deepEqual([fields.unseen.hidden, fields.found.automated, fields.found.format], [true, true, "uuid"]);
  assert.deepEqual(fields.shown.visible_when, { field: "first", equals: "b" });
  assert.deepEqual([credentials.apiKey.pattern, credentials.apiKey.secret], ["^k_", true]);
  assert.equal(docs_connect, "https://example.com/connect");
  const found = await api.call("GET", "/providers?search=FORMED", asSession);
  assert.deepEqual(
    found.body.data.map(({ name }: { name: string }) => name),
    ["formed"],
  );
});

test("the address of a logo leads to a picture, for every provider and whatever its name", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "providers-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const plain = { auth_mode: "NONE", proxy: { base_url: "https://api.example.com" } };
  const named = (display_name: string) => ({ ...plain, display_name });
  const names = { two: "Ärzte Online (EU)", one: "acme", wild: '"><script>x</script>', none: "(-)" };
  const entries = Object.fromEntries(Object.entries(names).map(([name, shown]) => [name, named(shown)]));
  writeFileSync(path.join(folder, "own.json"), JSON.stringify(entries));
  const api = await testApi(t, { catalogueFiles: [folder] });
  const lettersOf = async (provider: string) => {
    const { logo_url } = (await api.must("GET", `/providers/${provider}`)).data;
    const picture = await fetch(logo_url);
    assert.deepEqual([picture.status, picture.headers.get("content-type")], [200, "image/svg+xml; charset=utf-8"]);
    return />([^<>]+)<\/text><\/svg>\n$/.exec(await picture.text())?.[1];
  };
  assert.deepEqual(await Promise.all(Object.keys(entries).map(lettersOf)), ["ÄO", "AC", "SX", "?"]);
  const unknown = await api.call("GET", "/images/template-logos/nobody.svg", { key: null });
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, "not_found"]);
});
