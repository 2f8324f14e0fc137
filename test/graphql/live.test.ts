// Subscriptions: what they tell, from where they go on, and who hears nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ringChanges } from "../../src/db/bell.ts";
import { cancelRun } from "../../src/db/runs.ts";
import { until } from "../helpers/until.ts";
import { PROD_KEY, syncFunction, testApi } from "../http/api.ts";
import { eventClient, follow, socketClient } from "./subscribers.ts";

const RECORDS = `subscription ($connection: String = "one", $after: String) {
  recordsChanged(integration: "acme", connectionId: $connection, model: "Contact", after: $after) {
    cursor
    records { id data _metadata { lastAction deletedAt cursor } }
  }
}`;
const RUNS = `subscription ($run: BigInt, $connection: String, $integration: String) {
  runUpdated(runId: $run, integration: $integration, connectionId: $connection) { runId state }
}`;
const LOGS = `subscription ($level: LiveLogLevel, $after: String) {
  logAppended(integration: "acme", connectionId: "one", level: $level, after: $after) { cursor lines { id level message } }
}`;

const codeOf = (code: string) => (error: unknown) => {
  const [first] = error as { extensions: { code: string } }[];
  assert.equal(first?.extensions.code, code);
  return true;
};

test("subscriptions", async (t) => {
  const api = await testApi(t);
  await api.integrate("acme");
  await api.connect("acme", "one");
  await api.deploy([syncFunction("acme", "contacts")]);
  const client = socketClient(api);
  const events = eventClient(api);
  const prod = socketClient(api, { connectionParams: { authorization: `Bearer ${PROD_KEY}` } });
  t.after(() => [client, events, prod].map((one) => one.dispose()));
  const lease = await api.claim();
  const ring = (kind: "records" | "runs" | "logs") =>
    ringChanges(api.db.pool, { records: [], runs: [], logs: [], [kind]: [lease.connection_id] });
  const save = async (...rows: { id: string }[]) => {
    await api.save(lease, "Contact", rows);
    await ring("records");
  };

  await t.test("records come from the start, as they change, and after a cursor", async () => {
    const all = follow(client, RECORDS, { after: "" });
    await save({ id: "a" }, { id: "b" });
    const first = await all.next();
    assert.deepEqual(
      first.records.map(({ id }: { id: string }) => id),
      ["a", "b"],
    );
    assert.deepEqual(first.records[1], {
      id: "b",
      data: { id: "b" },
      _metadata: { lastAction: "ADDED", deletedAt: null, cursor: first.cursor },
    });
    await save({ id: "a", name: "Ann" } as { id: string });
    const second = await all.next();
    assert.deepEqual(second.records[0].data, { id: "a", name: "Ann" });
    assert.equal(second.records[0]._metadata.lastAction, "UPDATED");

    for (const again of [client, events]) {
      const resumed = follow(again, RECORDS, { after: first.cursor });
      assert.deepEqual(await resumed.next(), second);
      await resumed.stop();
    }
    await all.stop();
  });

  await t.test("without a cursor they begin at now, and say at once from where", async () => {
    for (const from of [client, events]) {
      const now = follow(from, RECORDS);
      const opening = await now.next();
      assert.deepEqual(opening.records, []);
      await now.stop();
      const name = `new${from === client}`;
      await save({ id: "c", name } as { id: string });
      const later = follow(from, RECORDS, { after: opening.cursor });
      assert.deepEqual((await later.next()).records[0].data, { id: "c", name });
      await later.stop();
    }
  });

  await t.test("a run is followed to its end, and runs of a connection from those that are live", async () => {
    const one = follow(client, RUNS, { run: String(lease.id) });
    const all = follow(events, RUNS, { integration: "acme", connection: "one" });
    const running = { runId: String(lease.id), state: "running" };
    assert.deepEqual([await one.next(), await all.next()], [running, running]);
    await cancelRun(api.db.pool, { run: lease.id });
    const cancelled = { ...running, state: "cancelled" };
    assert.deepEqual([await one.next(), await all.next()], [cancelled, cancelled]);
    assert.equal(await one.next(), undefined, "it is complete");
    const next = await api.must("POST", "/sync/trigger", {
      body: { provider_config_key: "acme", connection_id: "one", syncs: ["contacts"] },
    });
    assert.ok(next.success);
    assert.equal((await all.next()).state, "ready");
    await all.stop();
  });

  await t.test("log lines come from a level on, and after a cursor", async () => {
    const ids = { environment_id: lease.environment_id, connection_id: lease.connection_id };
    const write = async (level: "info" | "warn", message: string) => {
      api.runs.logs.write({ ...ids, kind: "message", level, message });
      await api.runs.logs.flush();
    };
    const lines = follow(client, LOGS, { level: "warn" });
    const { cursor } = await lines.next();
    await write("info", "one");
    await write("warn", "two");
    const messages = ({ lines: found }: { lines: { message: string }[] }) => found.map(({ message }) => message);
    assert.deepEqual(messages(await lines.next()), ["two"]);
    const all = follow(events, LOGS, { after: cursor });
    assert.deepEqual(messages(await all.next()), ["one", "two"]);
    for (const one of [lines, all]) await one.stop();
  });

  await t.test("another environment hears nothing: there is no such connection or run", async () => {
    await assert.rejects(follow(prod, RECORDS, { after: "" }).next(), codeOf("unknown_connection"));
    await assert.rejects(follow(client, RECORDS, { connection: "two" }).next(), codeOf("unknown_connection"));
    await assert.rejects(follow(prod, RUNS, { run: String(lease.id) }).next(), codeOf("not_found"));
    const own = await api.call("POST", "/graphql", { body: { query: RECORDS }, key: PROD_KEY });
    assert.equal(own.body.errors[0].extensions.code, "query_invalid", "nor by a request that carries one answer");
  });

  await t.test("a lost LISTEN only delays", async () => {
    const all = follow(client, RECORDS);
    await all.next();
    const [{ lost }] = (await api.db.query(
      `select count(pg_terminate_backend(pid))::int as lost from pg_stat_activity
        where datname = current_database() and application_name like 'syncline live%' and query = 'listen syncline_changes'`,
    )) as [{ lost: number }];
    assert.equal(lost, 1);
    const again = await api.claim();
    await api.save(again, "Contact", [{ id: "d" }]);
    assert.equal((await all.next()).records[0].id, "d");
    await all.stop();
  });

  await t.test("a deployment that changes the schema leaves them be", async () => {
    const all = follow(client, RECORDS);
    await all.next();
    const models = { Company: { type: "object", properties: { name: { type: "string" } } } };
    await api.deploy([syncFunction("acme", "contacts"), syncFunction("acme", "companies", { models })]);
    const query = '{ __type(name: "Company") { name } }';
    await until("the new model has a type", async () => {
      const { data } = (await api.call("POST", "/graphql", { body: { query } })).body;
      return data.__type !== null;
    });
    await api.db.query("update syncline.streams set head = head + 1 where connection_id = $1", [lease.connection_id]);
    await api.db.query(
      `update syncline.records r set pos = t.head from syncline.streams t
        where t.id = r.stream_id and t.connection_id = $1 and r.external_id = 'd'`,
      [lease.connection_id],
    );
    await ring("records");
    assert.equal((await all.next()).records[0].id, "d");
    await all.stop();
  });

  await t.test("an emptied cache ends them: there is no going on from there", async () => {
    const all = follow(client, RECORDS);
    await all.next();
    await api.db.query("select syncline.retire_streams($1, null, null)", [lease.connection_id]);
    await ring("records");
    await assert.rejects(all.next(), codeOf("SL003"));
    await assert.rejects(follow(client, RECORDS, { after: "nonsense" }).next(), codeOf("invalid_query_params"));
  });
});
