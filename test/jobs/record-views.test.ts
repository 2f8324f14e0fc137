// Records by SQL: saved by functions, read at a prompt through the views of schema records, which follow what is deployed.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { makeRecordView, staleRecordViews } from "../../src/db/record-views.ts";
import { type Engine, TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

const KEY = TEST_MASTER_KEY.toString("base64");
const LONG = "a_field_with_a_name_that_is_far_longer_than_what_postgres_allows_for_columns";

const sync = (fields: string, body: string): string => `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Saves rows", version: "1.0.0", frequency: "every day", autoStart: true,
  models: { Contact: z.object({ id: z.string(), ${fields} }) },
  exec: async (nango) => { ${body} },
});`;

const FIELDS = `first_name: z.string().describe("As the passport has it."), score: z.number().nullable(), active: z.boolean().optional(),
  joined: z.iso.datetime(), birthday: z.iso.date(), tags: z.array(z.string()), address: z.object({ city: z.string() }),
  kind: z.enum(["lead", "customer"]), connection_id: z.string(), "odd \\"name\\" %s": z.string(), ${LONG}: z.int()`;

const full = {
  id: "full", first_name: "Zoë 🚀 \u2028 \"quoted\" \\ back", score: 1.5, active: true, joined: "2026-02-03T04:05:06.789+02:00",
  birthday: "1990-12-31", tags: ["a", "b"], address: { city: "Zürich" }, kind: "lead", connection_id: "theirs",
  'odd "name" %s': "odd", [LONG]: 42,
}; // biome-ignore format: one record
const odd = {
  id: "odd",
  first_name: { no: "text" },
  score: "many",
  active: 1,
  joined: "now",
  birthday: "1990-02-31",
  tags: null,
  address: "Bern",
  kind: 7,
};
const empty = { id: "empty" };
const gone = { id: "gone", first_name: "Gone" };
const half = { id: "half", first_name: "half \ud800 \\ud800" };

const save = `await nango.batchSave(${JSON.stringify([full, odd, empty, gone, half])}, "Contact"); await nango.batchDelete([{ id: "gone" }], "Contact");`;

// Waits for the job: what is deployed is in the views within seconds.
const viewsAreCurrent = (engine: Engine) =>
  until("the views are as deployed", async () => (await staleRecordViews(engine.db.pool, {})).length === 0, 20_000);

const session = async (t: TestContext, engine: Engine) => {
  const client = await engine.db.newPool({ max: 1 }).connect();
  t.after(() => client.release());
  // biome-ignore lint/suspicious/noExplicitAny: a test knows its columns
  return async (sql: string, params: unknown[] = []): Promise<any[]> => (await client.query(sql, params)).rows;
};

const COUNT =
  "select coalesce(pg_stat_get_xact_function_calls('syncline.open_record(int, int, text, bytea, bytea)'::regprocedure), 0)::int as n";

/** How often a statement opens a record. */
const calls = async (q: Awaited<ReturnType<typeof session>>, sql: string): Promise<number> => {
  await q("begin");
  await q("set local track_functions = 'all'");
  const [before] = await q(COUNT);
  await q(sql);
  const [after] = await q(COUNT);
  await q("rollback");
  return after.n - before.n;
};

test("records are read by SQL as REST answers them, and views follow deployments", async (t) => {
  const engine = await testEngine(t, { rows: {} });
  await engine.deploy({ "acme/syncs/contacts.ts": sync(FIELDS, save) });
  const connection = await engine.connect("one");
  await engine.connect("two");
  await engine.startWorker();
  await engine.quiet();
  await viewsAreCurrent(engine);
  const q = await session(t, engine);
  const view = `records."acme/Contact"`;
  const one = async (id: string) => (await q(`select * from ${view} where connection_id = 'one' and id = $1`, [id]))[0];

  await t.test("a locked session sees metadata, and null for every field", async () => {
    const rows = await q(`select * from ${view} where connection_id = 'one' order by id`);
    assert.deepEqual(rows.map(({ id }) => id), ["empty", "full", "gone", "half", "odd"]); // biome-ignore format: short
    const { first_name, score, _record, environment, variant, _last_action } = rows[1];
    assert.deepEqual([first_name, score, _record], [null, null, null]);
    assert.deepEqual([environment, variant, _last_action], ["dev", "base", "ADDED"]);
  });

  assert.deepEqual(await q("select * from syncline.unlock($1)", [KEY]), [
    { environments: 1, connections: 2, not_opened: 0 },
  ]);

  await t.test("`_record`, `_cursor` and the times are those of REST, for every record", async () => {
    const rows = await q(`select * from ${view} where connection_id = 'one'`);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const answered = await engine.records(connection, "Contact");
    assert.equal(answered.length, 5);
    for (const { _nango_metadata: m, ...record } of answered) {
      const row = byId.get(record.id);
      if (record.id === "half") assert.deepEqual(row._record, { id: "half", first_name: "half \ufffd \\ud800" });
      else assert.deepEqual(row._record, record);
      const { cursor, last_action, first_seen_at, last_modified_at, deleted_at } = m as Record<string, string>;
      const shown = [row._cursor, row._last_action, row._first_seen_at, row._last_modified_at, row._deleted_at];
      assert.deepEqual(shown, [cursor, last_action, first_seen_at, last_modified_at, deleted_at]);
    }
  });

  await t.test("an operator reads the views, and opens records with the key; support and others do not", async () => {
    for (const role of ["syncline_support", "syncline_app"]) {
      await q(`set role ${role}`);
      await assert.rejects(q(`select id from ${view}`), { code: "42501" });
    }
    await q("set role syncline_operator");
    assert.equal((await one("full")).score, "1.5");
    await q("select syncline.lock_session()");
    assert.deepEqual([(await one("full")).score, (await one("full"))._last_action], [null, "ADDED"]);
    await q("select syncline.unlock($1)", [KEY]);
    assert.equal((await one("full")).score, "1.5");
    await q("reset role");
  });

  await t.test("columns are typed by the model; a value of another type is null", async () => {
    const types = await q(
      "select attname as name, format_type(atttypid, atttypmod) as type, col_description(attrelid, attnum) as says from pg_attribute where attrelid = $1::regclass and attnum > 0",
      [view],
    );
    const typeOf = Object.fromEntries(types.map(({ name, type }) => [name, type]));
    const { first_name, score, active, joined, birthday, tags, address, kind, connection_id_ } = typeOf;
    assert.deepEqual(
      [first_name, score, active, birthday, tags, address],
      ["text", "numeric", "boolean", "date", "jsonb", "jsonb"],
    );
    assert.deepEqual([joined, kind, connection_id_], ["timestamp with time zone", "text", "text"]);
    assert.deepEqual(types.filter(({ says }) => says === null), []); // biome-ignore format: short
    assert.equal(types.find(({ name }) => name === "first_name").says, "Field first_name: As the passport has it.");
    assert.equal(types.find(({ name }) => name === "connection_id_").says, "Field connection_id");

    const row = await one("full");
    assert.deepEqual(
      [row.first_name, row.score, row.active, row.tags, row.address],
      [full.first_name, "1.5", true, full.tags, full.address],
    );
    assert.deepEqual([row.joined, row.birthday, row.kind], ["2026-02-03T02:05:06.789000+00:00", "1990-12-31", "lead"]);
    assert.deepEqual([row.connection_id, row.connection_id_, row['odd "name" %s']], ["one", "theirs", "odd"]);
    assert.deepEqual(
      Object.entries(row).filter(([name]) => name.startsWith("a_field_with")),
      [["a_field_with_a_name_that_is_far_longer_than_what_postg_f5e2d1f3", "42"]],
    );
    const {
      first_name: text,
      score: n,
      active: b,
      joined: j,
      birthday: d,
      tags: none,
      address: json,
      kind: k,
    } = await one("odd");
    assert.deepEqual([text, n, b, j, d, none, json, k], ['{"no": "text"}', null, null, null, null, null, "Bern", "7"]);
    assert.equal((await one("empty")).first_name, null);
    assert.equal((await one("gone")).first_name, "Gone");
  });

  await t.test(
    "a record is opened once, only when a field of it is asked for, and only when it passed the metadata filters",
    async () => {
      assert.equal(await calls(q, `select id, _cursor, _deleted_at from ${view}`), 0);
      assert.equal(await calls(q, `select count(*) from ${view}`), 0);
      assert.equal(await calls(q, `select * from ${view}`), 10);
      assert.equal(await calls(q, `select first_name from ${view} where connection_id = 'two' and id = 'full'`), 1);
      assert.equal(
        await calls(q, `select * from ${view} where connection_id = 'two' and first_name like 'Z%' and score > 1`),
        5,
      );
      const [{ "QUERY PLAN": plan }] = await q(
        `explain (format json) select first_name from ${view} where environment = 'dev' and connection_id = 'one' and id = 'full'`,
      );
      assert.match(JSON.stringify(plan), /"Index Name":"records_pkey"/);
      assert.match(JSON.stringify(plan), /external_id = 'full'/);
    },
  );

  await t.test("pruned records keep their metadata", async () => {
    await q("update syncline.records set payload = null, pruned_at = syncline.now() where external_id = 'empty'");
    const { _record, first_name, _pruned_at } = await one("empty");
    assert.deepEqual([_record, first_name, _pruned_at === null], [null, null, false]);
  });

  await t.test(
    "a deployment that changes a field's type changes its column, once nothing depends on the old one",
    async () => {
      await q(`create view public.mine as select id, score from ${view}`);
      await engine.deploy({ "acme/syncs/contacts.ts": sync("score: z.string(), added: z.string()", save) });
      await until(
        "the worker tried",
        async () => (await q("select from graphile_worker.jobs where task_identifier = 'record_views'")).length === 0,
        20_000,
      );
      assert.equal(await makeRecordView(engine.db.pool, { view: "acme/Contact" }), "kept");
      assert.equal((await one("full")).score, "1.5", "the old view still reads");
      await q("drop view public.mine");
      assert.equal(await makeRecordView(engine.db.pool, { view: "acme/Contact" }), "made");
      const row = await one("odd");
      assert.deepEqual([row.score, row.added, "active" in row], ["many", null, false]);
    },
  );

  await t.test("a view that others depend on gets new columns at its end", async () => {
    await q(`create view public.mine as select id, score from ${view}`);
    await engine.deploy({
      "acme/syncs/contacts.ts": sync("another: z.number(), score: z.string(), added: z.string()", save),
    });
    await viewsAreCurrent(engine);
    assert.equal(Object.keys(await one("full")).at(-1), "another");
    await q("drop view public.mine");
  });

  await t.test("a deployment waits for nobody who reads a view; a view without a model goes", async () => {
    await q("begin");
    await q(`select id from ${view}`);
    await engine.deploy({ "acme/syncs/contacts.ts": sync("score: z.string()", save).replaceAll("Contact", "Person") });
    assert.equal(await makeRecordView(engine.db.pool, { view: "acme/Contact" }), "busy");
    await q("commit");
    await makeRecordView(engine.db.pool, { view: "acme/Contact" });
    await viewsAreCurrent(engine);
    assert.equal(
      (await q("select has_table_privilege('syncline_operator', 'records.\"acme/Person\"', 'select') as may"))[0].may,
      true,
    );
    assert.deepEqual(
      (await q("select relname from pg_class where relnamespace = 'records'::regnamespace")).map((row) => row.relname),
      ["acme/Person"],
    );
  });
});
