// Our functions for well-known APIs, the engine from request to REST, and the answers those APIs really gave.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Blur } from "../helpers/replay-match.ts";
import { replayServer } from "../helpers/replay-server.ts";
import { isAfterConnecting } from "./after-connecting.ts";
import { type Fixture, noFixtures, type Row, readFixtures, recordedIntegrations } from "./fixtures.ts";
import { productTests, type StoredRecord } from "./product.ts";
import { templatesOf } from "./templates.ts";

const { test, install } = productTests("what APIs really answered", { skip: noFixtures });

const INTEGRATIONS = [
  ...["airtable", "asana", "attio", "bamboohr", "dropbox", "github", "gitlab", "google-calendar", "hubspot", "jira"],
  ...["linear", "notion", "outlook", "quickbooks", "salesforce", "slack", "stripe-app", "workable", "xero", "zendesk"],
];

// What the recordings leave out of the connection.
const CONNECTION_CONFIG: Record<string, Record<string, unknown>> = { quickbooks: { realmId: "9341457021722202" } };

// Outlook is asked for the messages of the last 30 days: for those before the recording, and for those before today.
const BLUR: Record<string, Blur> = {
  outlook: (text) => text.replace(/receivedDateTime ge [\d-]+T[\d:.]+Z/, "receivedDateTime ge 30 days ago"),
};

const byId = <T extends { id: unknown }>(rows: T[]): T[] => rows.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));

const withoutMetadata = ({ _nango_metadata, ...row }: StoredRecord): Row => row;

const storesTheRecordedRows = async (t: TestContext, integration: string, fixtures: Fixture[]) => {
  const names = fixtures.map(({ name }) => name);
  const functions = (await templatesOf(integration)).filter(({ name }) => names.includes(name));
  assert.deepEqual(functions.map(({ name }) => name).sort(), names);
  const recorded = fixtures.map(({ nango }) => nango);
  const api = await replayServer(
    t,
    fixtures.map((fixture) => fixture.api),
    { blur: BLUR[integration], isExpected: (asked) => isAfterConnecting(integration, asked) },
  );
  const token = `token of ${integration}`;
  const customer = await install({
    functions,
    apiUrl: api.url,
    token,
    authMode: integration === "workable" ? "API_KEY" : "OAUTH2",
    connectionConfig: Object.assign(
      { ...CONNECTION_CONFIG[integration] },
      ...recorded.map(({ getConnection }) => getConnection?.connection_config),
    ),
    metadata: Object.assign({}, ...recorded.map(({ getMetadata }) => getMetadata)),
  });
  const refuseStranger = api.stranger.then((request) => assert.fail(`nothing recorded fits ${request}`));
  const webhooks = await Promise.race([customer.nextWebhooks(fixtures.length), refuseStranger]);
  for (const { syncName, success, error } of webhooks) assert.ok(success, `${syncName}: ${error?.description}`);
  for (const { batchSave } of recorded) {
    for (const [model, rows] of Object.entries(batchSave)) {
      const stored = await customer.records(model);
      const expected = rows.map((row) => ({ ...row, id: String(row.id) }));
      assert.deepEqual(byId(stored.map(withoutMetadata)), byId(expected), `${integration} ${model}`);
      assert.ok(stored.every(({ _nango_metadata }) => _nango_metadata.last_action === "ADDED"));
    }
  }
  for (const { line, authorization } of api.requests) assert.equal(authorization, `Bearer ${token}`, line);
};

for (const integration of INTEGRATIONS.filter((name) => name !== "linear")) {
  test(`what ${integration} answered is stored exactly as recorded`, (t) =>
    storesTheRecordedRows(t, integration, readFixtures(integration)));
}

// Of a query in GraphQL a digest is recorded, which is another for each who writes one: any query gets the one answer, so
// that each function has an API of its own.
for (const name of ["issues", "teams"]) {
  test(`what linear answered about ${name} is stored exactly as recorded`, async (t) => {
    const fixture = readFixtures("linear").find((one) => one.name === name) as Fixture;
    const { response } = [fixture.api.post?.["/graphql"] ?? []].flat()[0]!;
    await storesTheRecordedRows(t, "linear", [
      { ...fixture, api: { post: { "/graphql": { response, request: {} } } } },
    ]);
  });
}

test("every recording has its function", async () => {
  assert.deepEqual(INTEGRATIONS, recordedIntegrations());
  for (const integration of INTEGRATIONS) {
    const names = (await templatesOf(integration)).map(({ name }) => name).sort();
    assert.deepEqual(
      readFixtures(integration).map(({ name }) => name),
      names,
      integration,
    );
  }
});
