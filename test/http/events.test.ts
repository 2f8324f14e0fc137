// Event functions of connections: validated before they are welcome, greeted after, and a farewell before they go.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { compileTexts } from "../helpers/installation.ts";
import { testApi } from "./api.ts";

const onEvent = (event: string, exec: string): string => `
import { createOnEvent } from "syncline";
export default createOnEvent({ description: "An event", version: "1.0.0", event: "${event}", exec: async (nango) => {
${exec}
} });
`;

const FILES = {
  "crm/on-events/a-look.ts": onEvent(
    "validate-connection",
    `const { credentials } = await nango.getConnection();
     await nango.updateMetadata({ looked: true });
     if (credentials.apiKey.includes("bad")) throw new nango.ActionError({ error: "this key is bad" });`,
  ),
  "crm/on-events/b-look.ts": onEvent(
    "validate-connection",
    `const { credentials } = await nango.getConnection();
     if (credentials.apiKey.includes("odd")) throw new Error("this key is odd");`,
  ),
  "crm/on-events/greet.ts": onEvent("post-connection-creation", `await nango.log("welcome");`),
  "crm/on-events/leave.ts": onEvent(
    "pre-connection-deletion",
    `const { credentials } = await nango.getConnection();
     await nango.log("leaving with " + typeof credentials.apiKey);
     throw new Error("I would rather stay");`,
  ),
};

const setUp = async (t: TestContext) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.deploy(await compileTexts(FILES));
  await api.db.query("update syncline.environments set webhook_url_primary = 'http://127.0.0.1:1/hook'");
  const connect = (connection: string, apiKey: string) =>
    api.call("POST", "/connections", {
      body: { provider_config_key: "crm", connection_id: connection, credentials: { type: "API_KEY", apiKey } },
    });
  const operations = async () =>
    (await api.db.query("select body::jsonb ->> 'operation' as is from syncline.outbox order by id")).map(
      (row) => row.is,
    );
  const runs = async () =>
    (
      await api.db.query(
        "select f.name, r.state from syncline.runs r join syncline.functions f on f.id = r.function_id order by r.id",
      )
    ).map(({ name, state }) => `${name} ${state}`);
  const names = async () =>
    (await api.must("GET", "/connections")).connections.map((one: { connection_id: string }) => one.connection_id);
  return { ...api, connect, operations, stateOfRuns: runs, names };
};

test("a new connection is validated before anybody hears of it, and its creation event waits for a worker", async (t) => {
  const api = await setUp(t);
  const made = await api.connect("one", "good");
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.body.metadata, { looked: true });
  assert.deepEqual(await api.stateOfRuns(), ["a-look succeeded", "b-look succeeded", "greet ready"]);
  assert.deepEqual(await api.operations(), ["creation"]);
  const lease = await api.claim();
  assert.deepEqual([lease.kind, lease.sync_name], ["on-event", "greet"]);
  await api.runs.work(lease);
  assert.equal((await api.stateOfRuns()).at(-1), "greet succeeded");
  await api.runs.logs.flush();
  const { logs } = await api.must("GET", `/logs?run=${lease.id}&kind=message`);
  assert.deepEqual(
    logs.map(({ message, function_name }: { message: string; function_name: string }) => [message, function_name]),
    [["welcome", "greet"]],
  );
});

test("a refused connection is gone, with the function's own words, and the app never heard of it", async (t) => {
  const api = await setUp(t);
  const bad = await api.connect("one", "a bad key");
  assert.equal(bad.status, 400);
  assert.deepEqual(bad.body.error, { code: "connection_validation_failed", message: "this key is bad" });
  const odd = await api.connect("one", "an odd key");
  assert.equal(odd.body.error.message, "this key is odd");
  assert.deepEqual(await api.names(), []);
  assert.deepEqual(await api.operations(), []);
  const keys = await api.db.query("select from syncline.data_keys where connection_id is not null");
  assert.equal(keys.length, 0);
  assert.equal((await api.connect("one", "good")).status, 201, "the name is free");
  assert.deepEqual(await api.operations(), ["creation"]);
});

test("an override is validated too; a refused one is no deletion, and a good one no creation", async (t) => {
  const api = await setUp(t);
  await api.connect("one", "good");
  const refused = await api.connect("one", "bad");
  assert.deepEqual([refused.status, refused.body.error.code], [400, "connection_validation_failed"]);
  assert.deepEqual(await api.names(), ["one"]);
  assert.equal((await api.connect("one", "better")).status, 201);
  assert.deepEqual(await api.operations(), ["creation", "override"]);
  assert.equal((await api.stateOfRuns()).filter((run) => run.startsWith("greet")).length, 1);
});

test("a deletion runs the farewell while the connection still works, and its failure does not stop it", async (t) => {
  const api = await setUp(t);
  await api.connect("one", "good");
  await api.must("DELETE", "/connections/one?provider_config_key=crm");
  assert.deepEqual((await api.stateOfRuns()).slice(2), ["greet cancelled", "leave failed"]);
  await api.runs.logs.flush();
  const { logs } = await api.must("GET", "/logs?limit=1000");
  const said = logs.filter((row: { function_name: string }) => row.function_name === "leave");
  assert.deepEqual(
    said.map(({ message }: { message: string }) => message),
    ["started", "leaving with string", "failed: I would rather stay"],
  );
  assert.deepEqual(await api.operations(), ["creation", "deletion"]);
  assert.equal((await api.call("DELETE", "/connections/one?provider_config_key=crm")).status, 400);
  assert.equal((await api.stateOfRuns()).length, 4, "no farewell for what is gone");
});
