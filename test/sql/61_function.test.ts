// sql/61_function.sql: what a deployment does to functions, syncs and runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sync, testTenant } from "./tenant.ts";

const SYNCS = `select s.name, s.state, s.frequency::text, f.version, s.next_run_at is not null as is_due,
    (select count(*) from syncline.runs r where r.sync_id = s.id and r.state = 'ready') as ready
  from syncline.syncs s join syncline.functions f on f.id = s.function_id where s.deleted_at is null order by s.name`;

test("each connection gets each sync, at once or paused, whichever came first", async (t) => {
  const tenant = await testTenant(t);
  await tenant.connect("early");
  await tenant.deploy([sync("contacts"), sync("deals", { auto_start: false })]);
  await tenant.connect("late");
  const started = { name: "contacts", state: "started", frequency: "01:00:00", version: "1", is_due: false, ready: 1 };
  const paused = { ...started, name: "deals", state: "paused", ready: 0 };
  assert.deepEqual(await tenant.query(SYNCS), [started, started, paused, paused]);
  await tenant.finishAll();
  assert.deepEqual(
    (await tenant.query(SYNCS)).map(({ is_due }) => is_due),
    [true, true, false, false],
  );
  assert.deepEqual(await tenant.query("select * from syncline.check_invariants()"), []);
});

test("an unchanged function is not touched; a changed one keeps the old version, inactive", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([sync("contacts")]);
  const before = await tenant.query("select * from syncline.functions");
  await tenant.clock.forward("1 hour");
  assert.deepEqual(await tenant.deploy([sync("contacts")]), [{ name: "contacts", change: "unchanged" }]);
  assert.deepEqual(await tenant.query("select * from syncline.functions"), before);
  assert.deepEqual(await tenant.deploy([sync("contacts", { version: "2" }, "2")]), [
    { name: "contacts", change: "updated" },
  ]);
  const versions = await tenant.query("select version, is_active from syncline.functions order by id");
  assert.deepEqual(versions, [
    { version: "1", is_active: false },
    { version: "2", is_active: true },
  ]);
});

test("syncs move to the new version; the frequency follows unless one has its own; ticks stay unless it changes", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([sync("contacts")]);
  await tenant.connect("own");
  await tenant.connect("plain");
  await tenant.finishAll();
  await tenant.query("select syncline.set_frequency($1, 'crm', 'own', 'contacts', 'base', '2h')", [tenant.environment]);
  const ticks = () => tenant.query("select next_run_at from syncline.syncs order by id");
  const before = await ticks();
  await tenant.deploy([sync("contacts", { version: "2" }, "2")]);
  assert.deepEqual(await ticks(), before);
  await tenant.deploy([sync("contacts", { version: "3", frequency: "every 5m" }, "3")]);
  const syncs = await tenant.query(
    "select frequency::text, frequency_override, next_run_at from syncline.syncs order by id",
  );
  assert.deepEqual(
    syncs.map(({ frequency, frequency_override }) => [frequency, frequency_override]),
    [
      ["02:00:00", "2h"],
      ["00:05:00", null],
    ],
  );
  assert.equal(syncs[0]?.next_run_at, before[0]?.next_run_at);
  assert.ok(syncs[1]?.next_run_at <= "2026-03-01T12:05:00.000000+00:00");
});

test("a running run ends with the code it began with", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([sync("contacts")]);
  await tenant.connect("one");
  const run = await tenant.claim();
  await tenant.deploy([sync("contacts", { version: "2" }, "2")]);
  const [now] = await tenant.query(
    "select r.state, f.version from syncline.runs r join syncline.functions f on f.id = r.function_id",
  );
  assert.deepEqual(now, { state: "running", version: "1" });
  await tenant.query("select syncline.finish_run($1, $2)", [run?.id, run?.token]);
});

test("what is removed depends on the mode; its syncs stop and forget how far they got", async (t) => {
  const tenant = await testTenant(t);
  await tenant.integrate("erp");
  const other = { ...sync("items"), integration: "erp" };
  await tenant.deploy([sync("contacts"), sync("deals"), other]);
  await tenant.connect("one");
  assert.deepEqual(await tenant.deploy([sync("contacts")], "single"), [{ name: "contacts", change: "unchanged" }]);
  assert.deepEqual(await tenant.deploy([sync("contacts")], "integration"), [
    { name: "contacts", change: "unchanged" },
    { name: "deals", change: "removed" },
  ]);
  assert.deepEqual(
    await tenant.query(
      "select r.state from syncline.runs r join syncline.syncs s on s.id = r.sync_id where s.name = 'deals'",
    ),
    [{ state: "cancelled" }],
  );
  assert.deepEqual(await tenant.deploy([]), [
    { name: "contacts", change: "removed" },
    { name: "items", change: "removed" },
  ]);
  assert.deepEqual(await tenant.query(SYNCS), []);
  assert.deepEqual(await tenant.deploy([sync("contacts")]), [{ name: "contacts", change: "added" }]);
  assert.equal((await tenant.query(SYNCS))[0]?.ready, 1);
});

test("a wrong deployment changes nothing and names what is wrong", async (t) => {
  const tenant = await testTenant(t);
  const wrong: [object[], string, RegExp][] = [
    [[sync("a"), { ...sync("b"), integration: "erp" }], "all", /no integration "erp"/],
    [[sync("a"), sync("b", { frequency: "every 5s" })], "all", /crm\/b/],
    [[sync("a"), sync("b", { frequency: null })], "all", /crm\/b/],
    [[sync("a"), sync("a")], "all", /twice/],
    [[sync("a")], "some", /mode/],
  ];
  for (const [functions, mode, message] of wrong) {
    await assert.rejects(tenant.deploy(functions, mode), { code: "SL004", message });
  }
  assert.deepEqual(await tenant.query("select 1 from syncline.functions"), []);
});

test("actions and event functions are stored without a schedule", async (t) => {
  const tenant = await testTenant(t);
  await tenant.connect("one");
  await tenant.deploy([{ ...sync("create", { frequency: null, models: {} }), kind: "action" }, sync("create")]);
  const rows = await tenant.query("select kind, frequency::text, models from syncline.functions order by kind");
  assert.deepEqual(rows, [
    { kind: "action", frequency: null, models: [] },
    { kind: "sync", frequency: "01:00:00", models: ["Contact"] },
  ]);
  assert.equal((await tenant.query(SYNCS)).length, 1);
});

test("deployments and new connections at once leave no connection without its sync", async (t) => {
  const tenant = await testTenant(t);
  const deploys = Array.from({ length: 5 }, (_, n) => tenant.deploy([sync("contacts", { version: `${n}` }, `${n}`)]));
  const connects = Array.from({ length: 10 }, (_, n) => tenant.connect(`c${n}`));
  await Promise.all([...deploys, ...connects]);
  const [row] = await tenant.query(`select count(*) as syncs, count(*) filter (where f.is_active) as current
    from syncline.syncs s join syncline.functions f on f.id = s.function_id`);
  assert.deepEqual(row, { syncs: 10, current: 10 });
});

const SOURCES = "select name, source, source_code from syncline.functions where is_active order by name";

test("a deployment of a folder removes what came from one, and leaves the others", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([sync("contacts"), sync("deals")]);
  await tenant.deploy([sync("tickets")], "single", "standalone");
  await tenant.deploy([sync("owners")], "single", "catalog");
  assert.deepEqual(await tenant.deploy([sync("contacts")]), [
    { name: "contacts", change: "unchanged" },
    { name: "deals", change: "removed" },
  ]);
  assert.deepEqual(
    (await tenant.query(SOURCES)).map(({ name, source }) => `${name} ${source}`),
    ["contacts repo", "owners catalog", "tickets standalone"],
  );
});

test("the text behind an unchanged function, and how it came, are the last ones given", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([{ ...sync("contacts"), code: "// one" }], "single", "standalone");
  await tenant.deploy([sync("contacts")], "single", "standalone");
  assert.deepEqual(await tenant.query(SOURCES), [{ name: "contacts", source: "standalone", source_code: "// one" }]);
  await tenant.deploy([{ ...sync("contacts"), code: "// two" }]);
  assert.deepEqual(await tenant.query(SOURCES), [{ name: "contacts", source: "repo", source_code: "// two" }]);
  await tenant.deploy([sync("contacts", {}, "2")]);
  assert.deepEqual(await tenant.query(SOURCES), [{ name: "contacts", source: "repo", source_code: null }]);
});
