// sql/62_control.sql and 63_status.sql: commands to syncs, by the clock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sync, type Tenant, testTenant } from "./tenant.ts";

const start = async (tenant: Tenant) => {
  await tenant.deploy([sync("contacts")]);
  await tenant.connect("one");
  await tenant.finishAll();
};

const command = async (tenant: Tenant, name: string, ...more: unknown[]): Promise<number> => {
  const places = more.map((_, n) => `, $${n + 2}`).join("");
  const text = `select syncline.${name}($1, 'crm', 'one', '{contacts}'${places}) as n`;
  return (await tenant.query(text, [tenant.environment, ...more]))[0]?.n;
};

const statusOf = async (tenant: Tenant) =>
  (await tenant.query("select * from syncline.sync_status($1, 'crm', 'one', null)", [tenant.environment]))[0];

const nextTick = async (tenant: Tenant) =>
  (await tenant.query("select next_run_at from syncline.syncs"))[0]?.next_run_at;

test("a trigger doesn't shift the schedule", async (t) => {
  const tenant = await testTenant(t);
  await start(tenant);
  const before = await nextTick(tenant);
  assert.equal(await command(tenant, "trigger_sync"), 1);
  assert.equal(await nextTick(tenant), null);
  await tenant.finishAll();
  assert.equal(await nextTick(tenant), before);
});

test("fifty triggers at once make one run", async (t) => {
  const tenant = await testTenant(t);
  await start(tenant);
  const made = await Promise.all(Array.from({ length: 50 }, () => command(tenant, "trigger_sync")));
  assert.equal(
    made.reduce((sum, n) => sum + n, 0),
    1,
  );
  assert.equal((await tenant.query("select 1 from syncline.runs where state = 'ready'")).length, 1);
});

test("triggers, pauses, starts, ticks and ends of runs at once neither deadlock nor break a law", async (t) => {
  const tenant = await testTenant(t);
  await start(tenant);
  const end = async () => {
    const run = await tenant.claim();
    const text = "select syncline.finish_run($1, $2)";
    if (run) await tenant.query(text, [run.id, run.token]).catch((error) => assert.equal(error.code, "SL001"));
  };
  const acts = [
    () => command(tenant, "trigger_sync"),
    () => command(tenant, "trigger_sync", true),
    () => command(tenant, "pause_sync"),
    () => command(tenant, "start_sync"),
    () => command(tenant, "start_sync"),
    () => command(tenant, "trigger_sync"),
    () => tenant.query("select syncline.dispatch_due(10)"),
    end,
    end,
  ];
  for (let round = 0; round < 60; round++) {
    await tenant.clock.forward("1 hour");
    await Promise.all(acts.map((act) => act()));
  }
  assert.deepEqual(await tenant.query("select * from syncline.check_invariants()"), []);
});

test("a paused sync has no tick, through triggered runs and time, until it is started", async (t) => {
  const tenant = await testTenant(t);
  await start(tenant);
  assert.equal(await command(tenant, "pause_sync"), 1);
  assert.equal(await command(tenant, "pause_sync"), 0);
  assert.equal(await command(tenant, "trigger_sync"), 1);
  await tenant.finishAll();
  await tenant.clock.forward("1 day");
  await tenant.query("select syncline.dispatch_due(10)");
  assert.equal(await tenant.finishAll(), 0);
  assert.equal(await nextTick(tenant), null);
  assert.equal(await command(tenant, "start_sync"), 1);
  assert.equal(await command(tenant, "start_sync"), 0);
  assert.equal(await tenant.finishAll(), 1);
  assert.ok((await nextTick(tenant)) > (await tenant.clock.now()));
});

test("empty cache without reset is ignored", async (t) => {
  const tenant = await testTenant(t);
  await start(tenant);
  await command(tenant, "trigger_sync", false, true);
  assert.deepEqual(await tenant.query("select empty_cache from syncline.runs where state = 'ready'"), [
    { empty_cache: false },
  ]);
  await command(tenant, "trigger_sync", true, true);
  assert.deepEqual(await tenant.query("select empty_cache from syncline.runs where state = 'ready'"), [
    { empty_cache: true },
  ]);
});

test("the status follows the last run", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([sync("contacts", { auto_start: false })]);
  await tenant.connect("one");
  const fresh = await statusOf(tenant);
  assert.deepEqual(
    [fresh?.status, fresh?.type, fresh?.latest_execution_status, fresh?.latest_result, fresh?.next_scheduled_sync_at],
    ["PAUSED", "INITIAL", null, null, null],
  );
  await command(tenant, "start_sync");
  assert.equal((await statusOf(tenant))?.status, "RUNNING");
  const run = await tenant.claim();
  assert.equal((await statusOf(tenant))?.status, "RUNNING");
  await tenant.query('select syncline.fail_run($1, $2, \'{"message": "no"}\')', [run?.id, run?.token]);
  assert.deepEqual([(await statusOf(tenant))?.status, (await statusOf(tenant))?.type], ["ERROR", "INITIAL"]);
  await command(tenant, "trigger_sync");
  await tenant.finishAll();
  assert.deepEqual([(await statusOf(tenant))?.status, (await statusOf(tenant))?.type], ["SUCCESS", "INCREMENTAL"]);
  await tenant.query("update syncline.syncs set stalled_at = syncline.now()");
  assert.equal((await statusOf(tenant))?.status, "ERROR");
});

test("a hundred variants are the most, also when they are made at once", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([sync("contacts", { auto_start: false })]);
  await tenant.connect("one");
  const create = (name: string) =>
    tenant.query("select id from syncline.create_variant($1, 'crm', 'one', 'contacts', $2)", [
      tenant.environment,
      name,
    ]);
  const results = await Promise.allSettled(Array.from({ length: 105 }, (_, n) => create(`v${n}`)));
  const refused = results.flatMap((one) =>
    one.status === "rejected" ? [`${one.reason.code} ${one.reason.message}`] : [],
  );
  assert.deepEqual(refused, Array(6).fill("SL005 too many variants"));
});

test("a deleted variant takes its records along, but not those another sync writes too", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([
    sync("contacts", { models: { Contact: {}, Phone: {} } }),
    sync("deals", { models: { Contact: {} } }),
  ]);
  await tenant.connect("one");
  await tenant.finishAll();
  const variant = (verb: string, name: string) =>
    tenant.query(`select syncline.${verb}_variant($1, 'crm', 'one', $2, 'north')`, [tenant.environment, name]);
  await variant("create", "contacts");
  await variant("create", "deals");
  const run = await tenant.claim();
  for (const model of ["Contact", "Phone"]) {
    await tenant.query("select syncline.open_stream($1, $2, $3)", [run?.id, run?.token, model]);
  }
  await variant("delete", "contacts");
  const live = "select model from syncline.streams where variant = 'north' and retired_at is null";
  assert.deepEqual(await tenant.query(live), [{ model: "Contact" }]);
  await variant("delete", "deals");
  assert.deepEqual(await tenant.query(live), []);
});
