// sql/57_integration.sql and 60_connection.sql: identity, shredding, metadata under concurrency, webhooks of connections.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY, sync, testTenant } from "./tenant.ts";

test("ten imports of one name at once make one connection with one data key", async (t) => {
  const tenant = await testTenant(t);
  const ids = await Promise.all(Array.from({ length: 10 }, () => tenant.connect("one")));
  assert.equal(new Set(ids).size, 1);
  assert.equal((await tenant.query("select 1 from syncline.data_keys where connection_id is not null")).length, 1);
});

test("ten deletions at once delete once", async (t) => {
  const tenant = await testTenant(t);
  await tenant.query("update syncline.environments set webhook_url_primary = 'https://x.example'");
  await tenant.deploy([sync("contacts")]);
  await tenant.connect("one");
  const remove = () => tenant.query("select syncline.delete_connection($1, 'crm', 'one')", [tenant.environment]);
  const results = await Promise.allSettled(Array.from({ length: 10 }, remove));
  const reasons = results.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
  assert.deepEqual(
    [...new Set(reasons)].filter((code) => code !== "SL002"),
    [],
  );
  const operations = await tenant.query("select body::jsonb ->> 'operation' as it from syncline.outbox order by id");
  assert.deepEqual(
    operations.map(({ it }) => it),
    ["creation", "deletion"],
  );
});

test("a run of a deleted connection can write nothing more", async (t) => {
  const tenant = await testTenant(t);
  await tenant.deploy([sync("contacts")]);
  await tenant.connect("one");
  const run = await tenant.claim();
  await tenant.query("select syncline.delete_connection($1, 'crm', 'one')", [tenant.environment]);
  await assert.rejects(tenant.query("select syncline.open_stream($1, $2, 'Contact')", [run?.id, run?.token]), {
    code: "SL001",
  });
  const [left] = await tenant.query(
    "select credentials_sealed, deleted_at is not null as is_deleted from syncline.connections",
  );
  assert.deepEqual(left, { credentials_sealed: null, is_deleted: true });
});

test("concurrent merges of metadata lose nothing", async (t) => {
  const tenant = await testTenant(t);
  await tenant.connect("one");
  await tenant.connect("two");
  const merge = (n: number) =>
    tenant.query("select syncline.update_metadata($1, 'crm', $2, $3)", [
      tenant.environment,
      n % 2 === 0 ? ["one", "two"] : ["two", "one"],
      { [`k${n}`]: n },
    ]);
  await Promise.all(Array.from({ length: 20 }, (_, n) => merge(n)));
  for (const { metadata } of await tenant.query("select metadata from syncline.connections")) {
    assert.equal(Object.keys(metadata).length, 20);
  }
});

test("one unknown connection keeps the metadata of all as it was", async (t) => {
  const tenant = await testTenant(t);
  await tenant.connect("one");
  const set = tenant.query("select syncline.set_metadata($1, 'crm', '{one,no}', '{\"a\": 1}')", [tenant.environment]);
  await assert.rejects(set, { code: "SL002", message: "no such connection", detail: 'of integration "crm": no' });
  assert.deepEqual(await tenant.query("select metadata from syncline.connections"), [{ metadata: {} }]);
});

test("fetching a connection notes when", async (t) => {
  const tenant = await testTenant(t);
  await tenant.connect("one");
  await tenant.clock.forward("1 hour");
  const [got] = await tenant.query(
    "select last_fetched_at, created_at from syncline.get_connection($1, 'crm', 'one')",
    [tenant.environment],
  );
  assert.deepEqual(got, {
    last_fetched_at: "2026-03-01T13:00:00.000000+00:00",
    created_at: "2026-03-01T12:00:00.000000+00:00",
  });
});

test("auth webhooks follow the environment's switches and the connection's own URL", async (t) => {
  const tenant = await testTenant(t);
  await tenant.query(`update syncline.environments
    set webhook_url_primary = 'https://a.example', webhook_url_secondary = 'https://b.example', on_auth_creation = false`);
  await tenant.connect("quiet");
  await tenant.connect("quiet");
  const queued = () =>
    tenant.query("select url, body::jsonb ->> 'operation' as operation from syncline.outbox order by url");
  assert.deepEqual(await queued(), [
    { url: "https://a.example", operation: "override" },
    { url: "https://b.example", operation: "override" },
  ]);
  await tenant.query("update syncline.environments set on_auth_creation = true");
  const [made] = await tenant.query(
    `select c.id, syncline.welcome_connection(c.id, c.is_new) from syncline.import_connection($1, 'crm', 'own', 'API_KEY', null, null, '{"t": "1"}', null,
      '{"id": "u1", "email": null, "organization": {"id": "o1"}}', 'https://own.example', $2, 'm') c`,
    [tenant.environment, KEY],
  );
  assert.ok(made?.id);
  const [last] = await tenant.query("select url, body from syncline.outbox order by id desc limit 1");
  assert.equal(last?.url, "https://own.example");
  assert.deepEqual(last?.body, {
    from: "nango",
    type: "auth",
    operation: "creation",
    success: true,
    environment: "dev",
    connectionId: "own",
    providerConfigKey: "crm",
    provider: "acme",
    authMode: "API_KEY",
    tags: { t: "1" },
    endUser: { endUserId: "u1", organizationId: "o1", tags: {} },
  });
});

test("an integration's key is free again once it is deleted", async (t) => {
  const tenant = await testTenant(t);
  await assert.rejects(tenant.integrate("crm"), { code: "SL005" });
  await tenant.connect("one");
  await tenant.query("select syncline.delete_integration($1, 'crm')", [tenant.environment]);
  await tenant.integrate("crm");
  assert.deepEqual(
    await tenant.query("select * from syncline.find_connection($1, 'crm', 'one')", [tenant.environment]),
    [],
  );
});
