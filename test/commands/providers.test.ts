// `syncline providers` and what `doctor` says of the catalogue, at the command line.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runSyncline } from "./server.ts";

const SETTINGS = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none", PORT: "1" };

test("providers are listed, searched and shown with what they need; one that is not there has its neighbours named", async (t) => {
  const list = JSON.parse((await runSyncline(t, ["providers", "--json"], SETTINGS)).out);
  assert.ok(list.providers.length > 190);
  assert.deepEqual(list.problems, []);
  const found = (await runSyncline(t, ["providers", "--search", "jira"], SETTINGS)).out;
  assert.match(found, /jira +OAUTH2 +Jira\n[\s\S]+\n2 providers/);
  const one = (await runSyncline(t, ["providers", "zendesk"], SETTINGS)).out;
  for (const part of [
    /kind +OAUTH2/,
    /base URL +https:/,
    /scopes +read/,
    /webhooks +yes/,
    /connection_config\.subdomain/,
  ])
    assert.match(one, part);
  const none = await runSyncline(t, ["providers", "zendes"], SETTINGS);
  assert.equal(none.code, 1);
  assert.match(none.out, /no provider "zendes".*zendesk/);
});

test("doctor counts the entries and names each that was left out with the reason", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "syncline-doctor-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "own.yaml");
  writeFileSync(
    file,
    "mine:\n  display_name: Mine\n  auth_mode: NONE\nwrong:\n  display_name: Wrong\n  auth_mode: MAGIC\n",
  );
  const { out } = await runSyncline(t, ["doctor"], { ...SETTINGS, SYNCLINE_PROVIDERS: file });
  assert.match(out, /warn +catalogue +\d+ providers; left out: 1\n +wrong \(.*own\.yaml\): auth_mode: .*"API_KEY"/);
  const json = await runSyncline(t, ["doctor", "--json"], { ...SETTINGS, SYNCLINE_PROVIDERS: file });
  const { checks } = JSON.parse(json.out.slice(json.out.indexOf("{")));
  const catalogue = checks.find(({ name }: { name: string }) => name === "catalogue");
  assert.deepEqual([catalogue.problems.length, catalogue.problems[0].name], [1, "wrong"]);
  const absent = await runSyncline(t, ["doctor"], { ...SETTINGS, SYNCLINE_PROVIDERS: "@acme/none" });
  assert.match(absent.out, /FAIL +catalogue +SYNCLINE_PROVIDERS: @acme\/none is no file/);
});
