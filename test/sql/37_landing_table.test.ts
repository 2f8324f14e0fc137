// 37_landing_table.sql, 38_landing_mapping.sql: which tables may be delivered into, and by which mappings.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sync, testTenant } from "./tenant.ts";

const COLUMNS = { account: "$connectionId", contact_id: "$id", email: "email" };
const mapped = (table: string, columns: Record<string, string> = COLUMNS, model = "Contact") => ({
  models: { [model]: {} },
  deliver: { [model]: { table, columns } },
});

const world = async (t: Parameters<typeof testTenant>[0]) => {
  const tenant = await testTenant(t);
  await tenant.query(`create schema crm;
    create table crm.contacts (account text, contact_id text, email text, env text, source text, kind text, unique (account, contact_id));
    create table crm.shared (account text, contact_id text, email text, env text, source text, kind text,
      unique (env, source, kind, account, contact_id), unique (env, source, account, contact_id), unique (source, account, contact_id))`);
  let version = 0;
  const allow = (table: string, environment = "dev") =>
    tenant.query("select syncline.allow_delivery($1, $2) as name", [environment, table]);
  /** Deploy one function; how it is refused, if it is. */
  const deploy = async (definition: object, o: { name?: string; integration?: string; environment?: number } = {}) => {
    const { name = "contacts", integration = "crm", environment = tenant.environment } = o;
    const one = { ...sync(name, definition, String(++version)), integration };
    const error = await tenant
      .query("select syncline.deploy_functions($1, $2, 'single')", [environment, JSON.stringify([one])])
      .catch((refused: { code: string; message: string; hint?: string }) => refused);
    return "message" in error ? `${error.code} ${error.message}; ${error.hint ?? ""}` : "deployed";
  };
  return { ...tenant, allow, deploy };
};

test("an operator allows ordinary tables of the user's own schemas, by name, one environment each", async (t) => {
  const { query, allow, deploy } = await world(t);
  assert.match(
    await deploy(mapped("crm.contacts")),
    /^SL004 Contact of crm\/contacts in "dev" may not be delivered into crm\.contacts; An operator allows it/,
  );
  await query(`
    create table public.plain (account text, contact_id text, email text, unique (account, contact_id));
    create view crm.seen as select * from crm.contacts;
    create unlogged table crm.quick (id text);
    create table crm."Odd Name" (account text, contact_id text, email text, unique (account, contact_id))`);
  const refused: [table: string, reason: RegExp][] = [
    ["contacts", /is not the name of a table/],
    ["a.b.c", /is not the name of a table/],
    ["crm.contacts; drop table x", /is not the name of a table/],
    ["crm.nothing", /there is no table crm\.nothing/],
    ["crm.seen", /is not an ordinary table/],
    ["crm.quick", /is not an ordinary table/],
    ["syncline.records", /tables of schema "syncline" are not delivered into/],
    ["Syncline.API_keys", /tables of schema "syncline"/],
    ["graphile_worker._private_jobs", /tables of schema "graphile_worker"/],
    ["pg_catalog.pg_class", /tables of schema "pg_catalog"/],
    ["information_schema.sql_parts", /tables of schema "information_schema"/],
    ["pg_toast.pg_toast_1", /tables of schema "pg_toast"/],
  ];
  for (const [table, message] of refused) await assert.rejects(allow(table), { code: "SL004", message }, table);
  await assert.rejects(allow("crm.contacts", "nowhere"), { code: "SL002" });
  assert.deepEqual(await allow('CRM."Odd Name"'), [{ name: 'crm."Odd Name"' }]);
  await allow("crm.contacts");
  await allow("crm.contacts");
  assert.equal(await deploy(mapped("CRM.Contacts")), "deployed");
  assert.equal(await deploy(mapped('crm."Odd Name"')), "deployed");
  assert.match(await deploy(mapped("public.plain")), /may not be delivered/);
  await query("select syncline.forbid_delivery('dev', 'crm.contacts')");
  assert.match(await deploy(mapped("crm.contacts")), /may not be delivered/);
  await assert.rejects(query("select syncline.forbid_delivery('dev', 'crm.contacts')"), { code: "SL002" });
});

test("a role without rights on the table is told which it lacks", async (t) => {
  const { db } = await world(t);
  const role = `weak_${db.name}`;
  const client = await db.pool.connect();
  try {
    await client.query(
      `create role ${role}; grant usage on schema syncline, crm to ${role}; grant execute on function syncline.check_landing_table to ${role}; grant select on crm.contacts to ${role}`,
    );
    await client.query(`set role ${role}`);
    const hint = new RegExp(`grant select, insert, update, delete on crm\\.contacts to ${role};`);
    const check = client.query("select syncline.check_landing_table('crm.contacts')");
    await assert.rejects(check, { code: "SL004", message: `role "${role}" may not write to crm.contacts`, hint });
  } finally {
    await client.query(`reset role; drop owned by ${role}; drop role ${role}`);
    client.release();
  }
});

test("columns and key of a mapping are checked against the table, and the message names them", async (t) => {
  const { query, allow, deploy } = await world(t);
  await query(`
    create collation crm.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create domain crm.word as text;
    create table crm.t (account text, contact_id text, email text, number int, loose text collate crm.loose, twice text generated always as (email || email) stored,
      serial bigint generated always as identity, other bigint generated by default as identity, word crm.word, at timestamptz, doc jsonb, env text)`);
  await allow("crm.t");
  const refusal = (columns: Record<string, string>) => deploy(mapped("crm.t", { ...COLUMNS, ...columns }));
  const faults: [columns: Record<string, string>, reason: string][] = [
    [{ nope: "email" }, 'column "nope" of crm.t cannot take email: the table has no such column'],
    [{ ctid: "email" }, "the table has no such column"],
    [{ twice: "email" }, "Postgres makes this column's values itself"],
    [{ serial: "email" }, "Postgres makes this column's values itself"],
    [{ number: "$id" }, "$id is a text, the column a integer"],
    [{ loose: "$id" }, "$id needs a collation that tells all texts apart"],
    [{ number: "$firstSeenAt" }, "$firstSeenAt is a time, the column a integer"],
    [{ at: "$record" }, "$record is a JSON document, the column a timestamp with time zone"],
  ];
  for (const [columns, reason] of faults) assert.ok((await refusal(columns)).includes(reason), await refusal(columns));
  // A key that does not tell whose row it is, or that cannot be relied on.
  const keyless =
    /^SL004 Contact of crm\/contacts in "dev": crm\.t has no unique index over the columns that take \$connectionId and \$id; For example: create unique index on crm\.t/;
  const useless = [
    "(contact_id)",
    "(account, contact_id, email)",
    "(account, lower(contact_id))",
    "(account, contact_id) where email is not null",
  ];
  assert.match(await refusal({}), keyless);
  for (const index of useless) {
    await query(`create unique index useless on crm.t ${index}`);
    assert.match(await refusal({}), keyless, index);
    await query("drop index crm.useless");
  }
  await query("alter table crm.t add constraint late unique (account, contact_id) deferrable");
  assert.match(await refusal({}), keyless);
  await query("alter table crm.t drop constraint late, add primary key (contact_id, account)");
  assert.equal(await refusal({ other: "number", word: "email", at: "$lastModifiedAt", doc: "$record" }), "deployed");
  await query("alter table crm.t drop constraint t_pkey; create unique index on crm.t (word, account) include (email)");
  assert.equal(await deploy(mapped("crm.t", { account: "$connectionId", word: "$id" })), "deployed");
});

test("one mapping owns a table; others only with a key that tells them apart in both", async (t) => {
  const { query, allow, deploy, integrate, environment } = await world(t);
  await integrate("erp");
  const [{ id: prod } = {}] = await query("select id from syncline.ensure_environment('prod', $1, 'm')", [
    Buffer.alloc(32, 9),
  ]);
  await query("select syncline.create_integration($1, 'crm', 'acme', 'Acme', true, null, '{}')", [prod]);
  for (const table of ["crm.contacts", "crm.shared"]) for (const name of ["dev", "prod"]) await allow(table, name);
  assert.equal(await deploy(mapped("crm.contacts")), "deployed");
  const belongs = /^SL004 .*: crm\.contacts belongs to Contact of crm\/contacts in "dev"/;
  const everything = { ...COLUMNS, env: "$environment", source: "$integration", kind: "$variant" };
  assert.match(await deploy(mapped("crm.contacts"), { integration: "erp" }), belongs);
  assert.match(await deploy(mapped("crm.contacts", everything), { integration: "erp" }), belongs);
  assert.match(await deploy(mapped("crm.contacts"), { environment: prod }), belongs);
  assert.match(await deploy(mapped("crm.contacts", COLUMNS, "Lead"), { name: "leads" }), belongs);
  assert.match(await deploy(mapped("crm.shared"), { name: "again" }), /contacts delivers the same records/);
  // Only where the column is in the key of each, and takes the same.
  await deploy({ models: { Contact: {} } });
  const withSource = { ...COLUMNS, source: "$integration" };
  assert.equal(await deploy(mapped("crm.shared", withSource)), "deployed");
  const shared = /: crm\.shared belongs to Contact of crm\/contacts in "dev"/;
  assert.match(
    await deploy(mapped("crm.shared", { ...COLUMNS, source: "$environment", env: "$integration" }), {
      integration: "erp",
    }),
    shared,
  );
  assert.equal(await deploy(mapped("crm.shared", withSource), { integration: "erp" }), "deployed");
  assert.match(
    await deploy(mapped("crm.shared", everything), { environment: prod }),
    /: crm\.shared belongs to Contact of (crm|erp)\/contacts in "dev"/,
  );
  assert.equal(await deploy(mapped("crm.shared", everything)), "deployed");
  assert.equal(await deploy(mapped("crm.shared", everything), { integration: "erp" }), "deployed");
  assert.equal(await deploy(mapped("crm.shared", everything), { environment: prod }), "deployed");
  await query("update syncline.functions set is_active = false where environment_id = $1", [environment]);
  assert.equal(await deploy(mapped("crm.contacts"), { environment: prod }), "deployed");
});
