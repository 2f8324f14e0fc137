// Our functions for well-known APIs, the engine from request to REST, and the answers those APIs really gave.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { replayServer } from "../helpers/replay-server.ts";
import { noFixtures, type Row, readFixtures } from "./fixtures.ts";
import { type StoredRecord, startProduct } from "./product.ts";
import { templatesOf } from "./templates.ts";

const byId = <T extends { id: unknown }>(rows: T[]): T[] => rows.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));

const withoutMetadata = ({ _nango_metadata, ...row }: StoredRecord): Row => row;

const INTEGRATIONS = ["github", "gitlab", "hubspot", "salesforce", "slack", "zendesk"];

const storesTheRecordedRows = async (t: TestContext, integration: string) => {
  const fixtures = readFixtures(integration);
  const functions = await templatesOf(integration);
  assert.deepEqual(
    functions.map(({ name }) => name).sort(),
    fixtures.map(({ name }) => name),
  );
  const recorded = fixtures.map(({ nango }) => nango);
  const api = await replayServer(
    t,
    fixtures.map((fixture) => fixture.api),
  );
  const product = await startProduct(t);
  const token = `token of ${integration}`;
  await product.install({
    functions,
    apiUrl: api.url,
    token,
    connectionConfig: Object.assign({}, ...recorded.map(({ getConnection }) => getConnection?.connection_config)),
    metadata: Object.assign({}, ...recorded.map(({ getMetadata }) => getMetadata)),
  });
  const refuseStranger = api.stranger.then((request) => assert.fail(`nothing recorded fits ${request}`));
  const webhooks = await Promise.race([product.nextWebhooks(fixtures.length), refuseStranger]);
  for (const { syncName, success, error } of webhooks) assert.ok(success, `${syncName}: ${error?.description}`);
  for (const { batchSave } of recorded) {
    for (const [model, rows] of Object.entries(batchSave)) {
      const stored = await product.records(integration, model);
      const expected = rows.map((row) => ({ ...row, id: String(row.id) }));
      assert.deepEqual(byId(stored.map(withoutMetadata)), byId(expected), `${integration} ${model}`);
      assert.ok(stored.every(({ _nango_metadata }) => _nango_metadata.last_action === "ADDED"));
    }
  }
  for (const { line, authorization } of api.requests) assert.equal(authorization, `Bearer ${token}`, line);
};

for (const integration of INTEGRATIONS) {
  test(`what ${integration} answered is stored exactly as recorded`, { skip: noFixtures }, (t) =>
    storesTheRecordedRows(t, integration),
  );
}
