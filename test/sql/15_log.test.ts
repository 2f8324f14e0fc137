// 15_log.sql: the log is written in batches and read by filters.
import assert from "node:assert/strict";
import { appendLogs, type LogLine, listLogs } from "../../src/db/logs.ts";
import { makeRun, sqlTests, type World } from "../helpers/world.ts";

const NONE = { run: null, connection: null, kind: null, level: null, after: null, limit: 100 };

const line = (environment: number, message: string, more: Partial<LogLine> = {}): LogLine => ({
  at: "2026-03-01T00:00:00Z",
  environment_id: environment,
  kind: "message",
  level: "info",
  message,
  ...more,
});

const messages = async (w: World, args: Partial<Parameters<typeof listLogs>[1]> & { environment: number }) =>
  (await listLogs(w.db, { ...NONE, ...args })).map((row) => row.message);

sqlTests("15_log", {
  "a batch is written whole, and says how many": async (w) => {
    const { ids, fence } = await makeRun(w);
    const rows = [
      line(ids.environment, "one", {
        run_id: fence.run,
        sync_id: ids.sync,
        connection_id: ids.connection,
        detail: { a: 1 },
      }),
      line(ids.environment, "two"),
    ];
    assert.equal(await appendLogs(w.db, { rows }), 2);
    const [one, two] = await listLogs(w.db, { ...NONE, environment: ids.environment });
    assert.deepEqual([one?.message, one?.detail, one?.run_id], ["one", { a: 1 }, fence.run]);
    assert.match(one!.function_name!, /^contacts/);
    assert.match(one!.connection_id!, /^customer/);
    assert.match(one!.provider_config_key!, /^acme/);
    assert.deepEqual([two?.message, two?.function_name, two?.run_id], ["two", null, null]);
  },
  "an empty batch is nothing": async ({ db }) => {
    assert.equal(await appendLogs(db, { rows: [] }), 0);
  },
  "a line without a time gets the clock's": async (w) => {
    const { ids } = await makeRun(w);
    const { at: _, ...rest } = line(ids.environment, "untimed");
    await appendLogs(w.db, { rows: [rest] });
    assert.equal(
      (await listLogs(w.db, { ...NONE, environment: ids.environment }))[0]?.at,
      "2026-03-01T00:00:00.000000+00:00",
    );
  },
  "every filter narrows, and filters combine": async (w) => {
    const { ids, fence } = await makeRun(w);
    const other = await makeRun(w);
    await appendLogs(w.db, {
      rows: [
        line(ids.environment, "a", { run_id: fence.run, level: "debug" }),
        line(ids.environment, "b", { run_id: fence.run, level: "warn", kind: "request" }),
        line(ids.environment, "c", { connection_id: ids.connection, level: "error" }),
        line(other.ids.environment, "foreign", { level: "error" }),
      ],
    });
    const { environment, connection } = ids;
    assert.deepEqual(await messages(w, { environment }), ["a", "b", "c"]);
    assert.deepEqual(await messages(w, { environment, run: fence.run }), ["a", "b"]);
    assert.deepEqual(await messages(w, { environment, connection }), ["c"]);
    assert.deepEqual(await messages(w, { environment, kind: "request" }), ["b"]);
    assert.deepEqual(await messages(w, { environment, level: "debug" }), ["a", "b", "c"]);
    assert.deepEqual(await messages(w, { environment, level: "warn" }), ["b", "c"]);
    assert.deepEqual(await messages(w, { environment, level: "error", run: fence.run }), []);
    assert.deepEqual(await messages(w, { environment: other.ids.environment }), ["foreign"]);
  },
  "without a starting point the newest rows come, with one the next after it, both oldest first": async (w) => {
    const { ids } = await makeRun(w);
    const { environment } = ids;
    await appendLogs(w.db, { rows: ["a", "b", "c", "d"].map((text) => line(environment, text)) });
    assert.deepEqual(await messages(w, { environment, limit: 2 }), ["c", "d"]);
    const [first] = await listLogs(w.db, { ...NONE, environment });
    assert.deepEqual(await messages(w, { environment, after: first!.id, limit: 2 }), ["b", "c"]);
    assert.deepEqual(await messages(w, { environment, after: 0, limit: 3 }), ["a", "b", "c"]);
  },
  "a line of an unknown kind or level is refused": async (w) => {
    const { ids } = await makeRun(w);
    const write = (more: object) => appendLogs(w.db, { rows: [{ ...line(ids.environment, "x"), ...more }] });
    await w.refuses("23514", /logs_kind_is_known/, () => write({ kind: "gossip" }));
    await w.refuses("23514", /logs_level_is_known/, () => write({ level: "fatal" }));
  },
});
