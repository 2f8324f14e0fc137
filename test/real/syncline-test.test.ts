// `syncline test` over our functions for well-known APIs and the answers those APIs really gave.
import assert from "node:assert/strict";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { runSyncline } from "../commands/server.ts";
import { noFixtures, recordedIntegrations } from "./fixtures.ts";

const RECORDINGS = path.resolve(import.meta.dirname, "../../../shared/fixtures");
const TEMPLATES = path.resolve(import.meta.dirname, "../../src/templates");

type Recorded = { connection?: object; api: { post?: { [path: string]: { hash?: string; request?: object } } } };

// What the recordings leave out: the company of the connection, and a query of which there is only a digest.
const completed = (of: string, recorded: Recorded): Recorded => {
  if (of === "quickbooks/vendors")
    return { ...recorded, connection: { connection_config: { realmId: "9341457021722202" } } };
  const entry = recorded.api.post?.["/graphql"];
  if (!of.startsWith("linear/") || entry === undefined) return recorded;
  const { hash: _hash, request: _request, ...answer } = entry;
  return { ...recorded, api: { post: { "/graphql": { ...answer, request: {} } } } };
};

const copyAll = (t: TestContext): { dir: string; count: number } => {
  const dir = path.join(os.tmpdir(), `syncline-real-${process.pid}`);
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const integration of recordedIntegrations()) {
    cpSync(path.join(TEMPLATES, integration), path.join(dir, integration), { recursive: true });
    mkdirSync(path.join(dir, integration, "tests"), { recursive: true });
  }
  const files = globSync("*/*.test.json", { cwd: RECORDINGS });
  for (const file of files) {
    const recorded = JSON.parse(readFileSync(path.join(RECORDINGS, file), "utf8")) as Recorded;
    const [integration, name] = [path.dirname(file), path.basename(file)];
    const text = JSON.stringify(completed(`${integration}/${path.basename(name, ".test.json")}`, recorded));
    writeFileSync(path.join(dir, integration, "tests", name), text);
  }
  return { dir, count: files.length };
};

test("every recording passes with the function of its name", { skip: noFixtures }, async (t) => {
  const { dir, count } = copyAll(t);
  const { out, code } = await runSyncline(t, ["test", dir, "--validate"]);
  assert.match(out, new RegExp(`\\n${count} passed, 0 failed, \\d+ skipped\\n$`));
  assert.equal(code, 0);
});
