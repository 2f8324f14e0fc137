// Unit tests of functions as people have them, run by vitest with our mocks: over our functions and what APIs answered.
import assert from "node:assert/strict";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { NangoActionMock, NangoSyncMock } from "../../src/functions/fixtures/mock.ts";
import { runVitest } from "../helpers/vitest.ts";
import { noFixtures } from "../real/fixtures.ts";
import { folder } from "./isolates.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const RECORDINGS = path.resolve(ROOT, "../shared/fixtures");
const TEMPLATES = path.join(ROOT, "src/templates");

// One with a checkpoint, one with deletions, one with many pages; test/real runs the tests of all.
const REPLAYED = ["salesforce/contacts", "github/releases", "slack/messages-received"];

const CONFIG = `
export default {
  resolve: { alias: {
    nango: ${JSON.stringify(path.join(ROOT, "src/functions/sdk/index.ts"))},
    syncline: ${JSON.stringify(path.join(ROOT, "src/functions/sdk/index.ts"))},
    zod: ${JSON.stringify(createRequire(import.meta.url).resolve("zod"))},
  } },
  test: { globals: true, setupFiles: ["./vitest.setup.ts"], watch: false },
};
`;

const SETUP = `
import { NangoActionMock, NangoSyncMock } from ${JSON.stringify(path.join(ROOT, "src/functions/fixtures/mock.ts"))};
globalThis.vitest = { NangoActionMock, NangoSyncMock };
`;

const testFile = (name: string, models: string[]): string => `
import { vi, expect, it, describe } from "vitest";
import createSync from "../syncs/${name}.js";

describe("${name}", () => {
  const models = ${JSON.stringify(models)};
  const createContext = () => {
    const nangoMock = new global.vitest.NangoSyncMock({ dirname: __dirname, name: "${name}", Model: "${models.join()}" });
    return { nangoMock, batchSaveSpy: vi.spyOn(nangoMock, "batchSave") };
  };

  it("saves what was recorded", async () => {
    const { nangoMock, batchSaveSpy } = createContext();
    await createSync.exec(nangoMock);
    expect(nangoMock.batchSave).toHaveBeenCalled();
    for (const model of models) {
      const saved = batchSaveSpy.mock.calls.flatMap(([rows, of]) => (of === model ? rows : []));
      expect(JSON.parse(JSON.stringify(saved))).toStrictEqual(await nangoMock.getBatchSaveData(model));
      const deleted = await nangoMock.getBatchDeleteData(model);
      if (deleted.length > 0) expect(nangoMock.batchDelete).toHaveBeenCalledWith(deleted, model);
    }
  });

  it("fails with what is mocked to fail", async () => {
    const { nangoMock } = createContext();
    nangoMock.batchSave.mockRejectedValue(new Error("full"));
    await expect(createSync.exec(nangoMock)).rejects.toThrow("full");
  });
});
`;

const copyProject = (t: TestContext): { dir: string; count: number } => {
  const dir = path.join(os.tmpdir(), `syncline-vitest-${process.pid}`);
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(dir);
  writeFileSync(path.join(dir, "vitest.config.mjs"), CONFIG);
  writeFileSync(path.join(dir, "vitest.setup.ts"), SETUP);
  let count = 0;
  for (const file of globSync("*/*.test.json", { cwd: RECORDINGS })) {
    const [integration, name] = [path.dirname(file), path.basename(file, ".test.json")];
    if (!REPLAYED.includes(`${integration}/${name}`)) continue;
    cpSync(path.join(TEMPLATES, integration), path.join(dir, integration), { recursive: true });
    mkdirSync(path.join(dir, integration, "tests"), { recursive: true });
    cpSync(path.join(RECORDINGS, file), path.join(dir, integration, "tests", path.basename(file)));
    const { nango } = JSON.parse(readFileSync(path.join(RECORDINGS, file), "utf8")) as { nango: { batchSave: object } };
    const test = path.join(dir, integration, "tests", `${integration}-${name}.test.ts`);
    writeFileSync(test, testFile(name, Object.keys(nango.batchSave)));
    count += 1;
  }
  assert.equal(count, REPLAYED.length);
  return { dir, count };
};

test("vitest runs the tests that people generate, on our functions and what APIs answered", {
  skip: noFixtures,
}, async (t) => {
  const { dir, count } = copyProject(t);
  const { out, code } = await runVitest(dir);
  assert.equal(code, 0, out);
  assert.match(out, new RegExp(`Tests +${2 * count} passed`));
});

test("a mock answers from the fixture beside the test, keeps checkpoints, and counts refusals as answers", async (t) => {
  const fixture = {
    input: { id: "1" },
    output: { name: "a" },
    nango: { getMetadata: { region: "eu" }, batchSave: { Item: [{ id: "1" }] }, batchDelete: { Item: [] } },
    api: { get: { "/items": { response: [{ id: "1" }], status: 404 } } },
  };
  const dir = await folder(t, { "github/tests/items.test.json": JSON.stringify(fixture) });
  const dirname = path.join(dir, "github/tests");
  const nango = new NangoSyncMock({ dirname, name: "items", Model: "Item" });
  assert.deepEqual(await nango.getMetadata(), { region: "eu" });
  await assert.rejects(nango.getConnection(), { message: "Missing mock data for getConnection" });
  assert.equal((await nango.get({ endpoint: "/items" })).status, 404);
  await assert.rejects(nango.get({ endpoint: "/other" }), /^Error: No mock found for GET \/other: /);
  assert.equal(await nango.getCheckpoint(), null);
  await nango.saveCheckpoint({ page: 2 });
  assert.deepEqual(await nango.getCheckpoint(), { page: 2 });
  assert.deepEqual(nango.checkpoint, { page: 2 });
  assert.deepEqual(await Array.fromAsync(nango.listRecords("Item")), []);
  assert.equal(nango.lastSyncDate, null);
  await nango.batchSave([{ id: "1" }], "Item");
  assert.deepEqual(nango.batchSave.mock.calls, [[[{ id: "1" }], "Item"]]);
  assert.deepEqual(await nango.getBatchSaveData(), [{ id: "1" }]);
  nango.get.mockResolvedValueOnce({ data: 1 });
  assert.deepEqual(await nango.get({ endpoint: "/other" }), { data: 1 });
  assert.equal("dryRun" in nango, false);

  const action = new NangoActionMock({ dirname, name: "items" });
  assert.deepEqual([await action.getInput(), await action.getOutput()], [{ id: "1" }, { name: "a" }]);
  assert.equal("batchSave" in action, false);
});

test("the older tree of mocks is read where there is no fixture", async (t) => {
  const hash = "48de0465e224e32b4ff99921b82eafc7aebe58f5";
  const dir = await folder(t, {
    "acme/mocks/nango/getConnection.json": '{"connection_config":{"a":1}}',
    "acme/mocks/nango/get/proxy/v1/users/items.json": '{"response":[1],"status":200}',
    [`acme/mocks/nango/get/proxy/items/items/${hash}.json`]: '{"response":[2]}',
    "acme/mocks/items/Item/batchSave.json": '[{"id":"1"}]',
  });
  const nango = new NangoSyncMock({ dirname: path.join(dir, "acme/tests"), name: "items", Model: "Item" });
  assert.deepEqual(await nango.getConnection(), { connection_config: { a: 1 } });
  assert.deepEqual((await nango.get({ endpoint: "/v1/users" })).data, [1]);
  const asked = { endpoint: "/items", params: { region: "eu", per_page: 2 }, headers: { "X-Api-Version": "2" } };
  assert.deepEqual((await nango.get(asked)).data, [2]);
  assert.deepEqual(await nango.getBatchSaveData("Item"), [{ id: "1" }]);
});
