// Mutations: what each does, whose keys may call it, and that nobody reaches another environment's things.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import pg from "pg";
import { DEV_KEY, PROD_KEY } from "../http/api.ts";
import { receive } from "../http/received.ts";
import { clientOf, goldenClient } from "./statements.ts";
import { tourWorld } from "./tour-world.ts";

const READ_ONLY = "read-only-key-0123456789abcdef";

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
type Data = any;

const codeOf = async (asked: Promise<unknown>): Promise<string | undefined> =>
  await asked.then(
    () => undefined,
    (error: Data) => error.response.errors[0].extensions.code,
  );

test("GraphQL's mutations", async (t) => {
  const world = await tourWorld(t);
  const { db } = world;
  const { client, ask } = await goldenClient(t, world.url, DEV_KEY);
  const prod = clientOf(world.url, PROD_KEY);
  const first = async (text: string, values: unknown[] = []) => (await db.query(text, values))[0] as Data;
  const { uid: syncId, id: sync } = await first("select uid, id from syncline.syncs order by id limit 1");
  const write = async (field: string, input: object, shows: string): Promise<Data> => {
    const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
    const operation = `mutation ($input: ${type}!) { ${field}(input: $input) { ${shows} } }`;
    return ((await client.request(operation, { input })) as Data)[field];
  };
  const jobs = async () => Number((await first("select count(*) as n from graphile_worker.jobs")).n);

  await t.test(
    "triggerSync answers with the run that waits already, and with reset with one from nothing",
    async () => {
      const { id: waiting } = await first("select id from syncline.runs where state = 'ready' and sync_id = $1", [
        sync,
      ]);
      const { data } = await ask(
        `mutation TriggerSync($input: TriggerSyncInput!) {
        triggerSync(input: $input) { clientMutationId run { id state origin sync { id status } } }
      }`,
        { input: { syncId, clientMutationId: "mine" } },
      );
      assert.equal(data.triggerSync.clientMutationId, "mine");
      assert.deepEqual(data.triggerSync.run, {
        id: String(waiting),
        state: "READY",
        origin: "TRIGGER",
        sync: { id: syncId, status: "RUNNING" },
      });
      await db.query("delete from graphile_worker._private_jobs");
      const { run } = await write("triggerSync", { syncId, reset: true }, "run { id state sync { checkpoint } }");
      assert.ok(Number(run.id) > waiting);
      assert.deepEqual(run.sync, { checkpoint: null });
      assert.equal((await first("select state from syncline.runs where id = $1", [waiting])).state, "cancelled");
      assert.equal(await jobs(), 1, "a worker is woken");
    },
  );

  await t.test("pauseSync, startSync, setFrequency and resetSync answer with the sync", async () => {
    const shows = "sync { state status frequency nextScheduledSyncAt lastSuccessAt }";
    const paused = await write("pauseSync", { syncId }, shows);
    assert.deepEqual(
      [paused.sync.state, paused.sync.status, paused.sync.nextScheduledSyncAt],
      ["PAUSED", "PAUSED", null],
    );
    const often = await write("setFrequency", { syncId, frequency: "30m" }, shows);
    assert.equal(often.sync.frequency, "30m");
    assert.equal((await write("setFrequency", { syncId }, shows)).sync.frequency, "every hour");
    assert.equal(await codeOf(write("setFrequency", { syncId, frequency: "now and then" }, shows)), "SL004");
    assert.equal((await write("startSync", { syncId }, shows)).sync.status, "RUNNING");
    assert.equal((await write("resetSync", { syncId }, shows)).sync.lastSuccessAt, null);
  });

  await t.test("cancelRun tells the worker, and requeueRun makes the run that goes on", async () => {
    await write("triggerSync", { syncId }, "run { id }");
    const { id: run } = await world.claim();
    const listener = new pg.Client(db.url);
    await listener.connect();
    await listener.query("listen syncline_cancelled");
    const told = once(listener, "notification");
    const cancelled = await write("cancelRun", { runId: run }, "run { state finishedAt }");
    assert.equal(cancelled.run.state, "CANCELLED");
    assert.equal(((await told)[0] as pg.Notification).payload, String(run));
    await listener.end();
    const again = await write("requeueRun", { runId: run }, "run { id state }");
    assert.deepEqual([Number(again.run.id) > run, again.run.state], [true, "READY"]);
  });

  await t.test("deletes that wait are approved or discarded, once", async () => {
    await db.query("update syncline.syncs set delete_limit_rows = 0");
    const park = async (): Promise<number> => {
      await write("triggerSync", { syncId }, "run { id }");
      const { id, token } = await world.claim();
      const { id: stream } = await first("select id from syncline.streams where retired_at is null");
      await db.query("select syncline.open_own_refresh($1, $2, $3)", [id, token, stream]);
      await db.query("select syncline.end_refresh($1, $2, $3)", [id, token, stream]);
      await world.finish({ id, token } as never);
      return (await first("select id from syncline.refreshes where state = 'needs_approval'")).id;
    };
    const shows = "refresh { state missing live deleted stream { recordCount } }";
    const discarded = await write("discardDeletes", { refreshId: await park() }, shows);
    assert.deepEqual(discarded.refresh, {
      state: "DISCARDED",
      missing: "2",
      live: "2",
      deleted: "0",
      stream: { recordCount: "2" },
    });
    const refreshId = await park();
    const approved = await write("approveDeletes", { refreshId }, shows);
    assert.deepEqual(approved.refresh, {
      state: "FINISHED",
      missing: "2",
      live: "2",
      deleted: "2",
      stream: { recordCount: "0" },
    });
    assert.equal(await codeOf(write("approveDeletes", { refreshId }, shows)), "SL005");
  });

  await t.test("replayWebhook sends a dead one again, pruneStream forgets payloads", async () => {
    const { id } = await first("select id from syncline.outbox where state = 'dead'");
    const { webhook } = await write("replayWebhook", { webhookId: id }, "webhook { state attempts endedAt }");
    assert.deepEqual(webhook, { state: "PENDING", attempts: 0, endedAt: null });
    const { id: streamId } = await first("select id from syncline.streams where retired_at is null");
    await db.clock.forward("1 day");
    const { stream } = await write("pruneStream", { streamId, before: "2026-03-02T00:00:00Z" }, "stream { model }");
    assert.equal(stream.model, "Contact");
    const { n } = await first("select count(*) as n from syncline.records where payload is not null");
    assert.equal(Number(n), 0);
  });

  await db.query(
    `update syncline.functions set definition = definition || '{"webhook_subscriptions": ["push"], "has_on_webhook": true}'`,
  );
  const { id: integration } = await first("select id from syncline.integrations");
  const ours = { environment: world.dev.id, integration, event: "push", body: {} };
  await receive({ db: db.pool, keys: world.keys }, ours);
  await db.query("select syncline.handle_inbox(100)");
  const { id: eventId } = await first("select id from syncline.inbox");
  const { id: connectionId } = await first("select id from syncline.connections order by id limit 1");

  await t.test("webhooks of providers are shown, handed to a connection and handled once more", async () => {
    const shows = `event { state matched lookedFor integration { uniqueKey } connections { nodes { isManual connection { connectionId } } }
      calls { nodes { id state sync { name } } } webhooks { nodes { kind state } } }`;
    const { event } = await write("attributeEvent", { eventId, connectionId }, shows);
    const call = event.calls.nodes[0];
    assert.deepEqual(event, {
      state: "HANDLED",
      matched: 1,
      lookedFor: null,
      integration: { uniqueKey: "crm" },
      connections: { nodes: [{ isManual: true, connection: { connectionId: "ann" } }] },
      calls: { nodes: [{ id: call.id, state: "WAITING", sync: { name: "contacts" } }] },
      webhooks: {
        nodes: [
          { kind: "FORWARD", state: "PENDING" },
          { kind: "FORWARD", state: "PENDING" },
        ],
      },
    });
    await db.query(
      `update syncline.webhook_calls set state = 'failed', due_at = null, ended_at = syncline.now(), error = '{"type": "script_error"}'`,
    );
    const retried = await write("retryWebhookCall", { callId: call.id }, "webhookCall { state attempts event { id } }");
    assert.deepEqual(retried.webhookCall, { state: "WAITING", attempts: 0, event: { id: String(eventId) } });
    const hours = { from: "2026-03-01T00:00:00Z", until: "2026-04-01T00:00:00Z" };
    assert.equal((await write("replayEvents", { ...hours, only: "unmatched" }, "count")).count, 0);
    assert.equal((await write("replayEvents", hours, "count")).count, 1);
    assert.equal((await write("replayEvent", { eventId }, "event { state }")).event.state, "WAITING");
    await db.query("select syncline.handle_inbox(100)");
    const { data } = await ask(`query Events {
      events(condition: { state: HANDLED, verdict: VERIFIED, matched: 1, receivedSince: "2026-03-01T00:00:00Z" }) {
        nodes { id uid receivedAt verdict reason deliveryId types bytes hasContent replays duplicates handledAt
          calls(first: 5) { nodes { state replay subscription error run { id } sync { name } connection { connectionId } } } }
      }
      webhookCalls(condition: { state: FAILED, connectionId: "ann", integration: "crm" }) { nodes { error event { uid } } }
      webhooks(first: 1) { nodes { event { uid } } }
      connection(integration: "crm", connectionId: "ann") { events(first: 5) { nodes { event { types } } } webhookCalls(first: 5) { nodes { state } } }
    }`);
    assert.deepEqual([data.events.nodes[0].replays, data.events.nodes[0].calls.nodes.length], [1, 2]);
    assert.deepEqual(data.webhookCalls.nodes[0].error.type, "replayed");
    assert.deepEqual(data.connection.events.nodes, [{ event: { types: ["push"] } }]);
  });

  const { id: callId } = await first("select max(id) as id from syncline.webhook_calls");
  const { id: endpointId } = await first("select id from syncline.webhook_endpoints where environment_id = $1", [
    world.dev.id,
  ]);

  await t.test("an endpoint is paused, resumed, tried, and what it did not get is sent again", async () => {
    const shows = "webhookEndpoint { state url pendingCount webhooks(first: 1) { nodes { endpoint { id } } } }";
    const { webhookEndpoint: paused } = await write("pauseWebhookEndpoint", { endpointId }, shows);
    assert.deepEqual([paused.state, paused.webhooks.nodes[0].endpoint.id], ["PAUSED", endpointId]);
    assert.equal((await write("resumeWebhookEndpoint", { endpointId }, shows)).webhookEndpoint.state, "OPEN");
    assert.equal((await write("probeWebhookEndpoint", { endpointId }, shows)).webhookEndpoint.state, "OPEN");
    await db.query(
      "update syncline.outbox set state = 'dead', lane_id = null, next_attempt_at = null, ended_at = syncline.now() where lane_id is not null",
    );
    const { n } = await first("select count(*)::int as n from syncline.outbox where state = 'dead' and url = $1", [
      paused.url,
    ]);
    assert.ok(n > 0);
    assert.deepEqual(await write("replayWebhooks", { endpointId }, "count"), { count: n });
    assert.deepEqual(await write("replayWebhooks", { endpointId }, "count"), { count: 0 });
    assert.equal(await codeOf(write("replayWebhooks", { endpointId, state: "pending" }, "count")), "SL004");
  });

  const { id: runId } = await first("select max(id) as id from syncline.runs");
  const { id: webhookId } = await first("select max(id) as id from syncline.outbox");
  const { id: refreshId } = await first("select max(id) as id from syncline.refreshes");
  const { id: streamId } = await first("select max(id) as id from syncline.streams");
  const every: [string, object][] = [
    ["triggerSync", { syncId }],
    ["startSync", { syncId }],
    ["pauseSync", { syncId }],
    ["resetSync", { syncId }],
    ["setFrequency", { syncId, frequency: "1h" }],
    ["cancelRun", { runId }],
    ["requeueRun", { runId }],
    ["undoRun", { runId }],
    ["approveDeletes", { refreshId }],
    ["discardDeletes", { refreshId }],
    ["replayWebhook", { webhookId }],
    ["replayWebhooks", { endpointId }],
    ["pauseWebhookEndpoint", { endpointId }],
    ["resumeWebhookEndpoint", { endpointId }],
    ["probeWebhookEndpoint", { endpointId }],
    ["pruneStream", { streamId, before: "2026-03-02T00:00:00Z" }],
    ["replayEvent", { eventId }],
    ["attributeEvent", { eventId, connectionId }],
    ["retryWebhookCall", { callId }],
  ];
  const hours: [string, object] = ["replayEvents", { from: "2026-03-01T00:00:00Z", until: "2026-04-01T00:00:00Z" }];
  const send = (by: typeof client, [field, input]: [string, object]) =>
    by.request(
      `mutation ($input: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { clientMutationId } }`,
      { input },
    );
  const state = async () =>
    JSON.stringify(
      await db.query(`select (select json_agg(r order by id) from syncline.runs r), (select json_agg(s order by id) from syncline.syncs s),
        (select json_agg(o order by id) from syncline.outbox o),
        (select json_agg(i order by id) from syncline.inbox i), (select json_agg(c order by id) from syncline.webhook_calls c), (select json_agg(w order by id) from syncline.refreshes w)`),
    );

  await t.test("what belongs to another environment is not there, whatever its id", async () => {
    const before = await state();
    for (const one of every) assert.equal(await codeOf(send(prod, one)), "SL002", one[0]);
    await send(prod, hours); // of its own there are none
    assert.equal(await state(), before);
    const { __type } = (await client.request(`{ __type(name: "Mutation") { fields { name } } }`)) as Data;
    assert.deepEqual(
      __type.fields.map(({ name }: Data) => name).sort(),
      [...every, hours].map(([name]) => name).sort(),
    );
  });

  await t.test("a key that may only read finds no mutations, and its role cannot execute them", async () => {
    await db.query(
      `insert into syncline.api_keys (environment_id, display_name, key_hash, scopes)
       values ($1, 'reader', sha256($2::text::bytea), '{environment:graphql:read}')`,
      [world.dev.id, READ_ONLY],
    );
    const reader = clientOf(world.url, READ_ONLY);
    const before = await state();
    for (const one of [...every, hours]) assert.equal(await codeOf(send(reader, one)), "query_invalid", one[0]);
    const { __schema, a, b } = (await reader.request(
      `{ __schema { mutationType { name } types { name } } a: __type(name: "Mutation") { name } b: __type(name: "Run") { name } }`,
    )) as Data;
    assert.deepEqual([__schema.mutationType, a, b], [null, null, { name: "Run" }]);
    assert.deepEqual(
      __schema.types.map(({ name }: Data) => name).filter((name: string) => /(Input|Payload)$/.test(name)),
      [],
    );
    assert.equal(await state(), before);
    const reading = await db.query(`select p.oid::regprocedure as name from pg_proc p
      where p.pronamespace = 'api'::regnamespace and has_function_privilege('syncline_app', p.oid, 'execute')`);
    const writing = await db.query(`select p.oid::regprocedure as name from pg_proc p
      where p.pronamespace = 'api'::regnamespace and not has_function_privilege('syncline_app_writer', p.oid, 'execute')`);
    assert.deepEqual([reading, writing], [[], []]);
  });
});
