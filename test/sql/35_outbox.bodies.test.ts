// Every kind of webhook in one table: what is written when something happens, word for word, in which lane, and the switch
// of the environment that turns it off.
import assert from "node:assert/strict";
import { saveCheckpoint } from "../../src/db/checkpoints.ts";
import * as runs from "../../src/db/runs.ts";
import { makeFunction, makeRun, manyRows, saveAll, sqlTests, startRun, type World } from "../helpers/world.ts";

type Scene = Awaited<ReturnType<typeof makeRun>>;

type Case = {
  /** What happens. Given is a connection with a sync that runs. */
  when: (w: World, scene: Scene) => Promise<unknown>;
  kind: string;
  /** Besides connectionId, providerConfigKey and, of syncs, syncName, syncVariant and model. */
  body: object;
  /** Ids are written as their nouns. */
  lane: string | null;
  /** The switch that turns it off. */
  unless?: string;
};

const announce =
  (operation: string): Case["when"] =>
  (w, { ids }) =>
    w.q("select syncline.announce_connection($1, $2)", [ids.connection, operation]);

const auth = (operation: string) => ({
  ...{
    from: "nango",
    type: "auth",
    operation,
    success: true,
    environment: "ENVIRONMENT",
    provider: "acme",
    authMode: "API_KEY",
  },
  tags: { plan: "pro" },
  endUser: { endUserId: "u1", endUserEmail: "u@app.example", organizationId: "o1", tags: {} },
});

const sync = { from: "nango", type: "sync", model: "Contact", syncVariant: "base", syncType: "INITIAL" };
const START = "2026-03-01T00:00:00.000Z";
const LATER = "2026-03-01T00:01:30.000Z";

const CASES: Record<string, Case> = {
  "a connection is made": {
    when: announce("creation"),
    ...{ kind: "auth", body: auth("creation"), lane: "auth:CONNECTION", unless: "on_auth_creation" },
  },
  "a connection is overridden": {
    when: announce("override"),
    ...{ kind: "auth", body: auth("override"), lane: "auth:CONNECTION" },
  },
  "a connection is deleted": {
    when: (w, { ids }) => w.q("select syncline.retire_connection($1)", [ids.connection]),
    ...{ kind: "auth", body: auth("deletion"), lane: "auth:CONNECTION", unless: "on_connection_deletion" },
  },
  "a run saved records": {
    when: async (w, { fence, stream }) => {
      await saveAll(w.db, { ...fence, stream }, manyRows(2));
      await w.forward("90 s");
      await runs.finishRun(w.db, fence);
    },
    kind: "sync",
    body: {
      ...sync,
      ...{ success: true, modifiedAfter: START, queryTimeStamp: START },
      responseResults: { added: 2, updated: 0, deleted: 0 },
    },
    lane: "stream:STREAM",
  },
  "a run saved nothing": {
    when: (w, { fence }) => runs.finishRun(w.db, fence),
    kind: "sync",
    body: {
      ...sync,
      ...{ success: true, modifiedAfter: START, queryTimeStamp: START },
      responseResults: { added: 0, updated: 0, deleted: 0 },
    },
    lane: "stream:STREAM",
    unless: "on_sync_completion_always",
  },
  "a run with a checkpoint failed": {
    when: async (w, { fence }) => {
      await saveCheckpoint(w.db, { ...fence, value: { page: 2 } });
      await w.forward("90 s");
      await runs.failRun(w.db, { ...fence, error: { type: "x", message: "No.", payload: { code: 7 }, stack: "at" } });
    },
    kind: "sync",
    body: {
      ...sync,
      ...{ success: false, startedAt: START, failedAt: LATER, checkpoints: { from: null, to: { page: 2 } } },
      error: { type: "script_error", description: "No.", payload: { code: 7 } },
    },
    lane: "sync:SYNC",
    unless: "on_sync_error",
  },
  "an asynchronous action ended": {
    when: async (w, { ids }) => {
      await makeFunction(w, ids, { kind: "action", name: "act" });
      await w.q(
        "select syncline.ask_action('00000000-0000-4000-8000-000000000001', $1, 'act', true, 'sealed', 0, null, null, 'w')",
        [ids.connection],
      );
      const [lease] = await w.q("select id, token from syncline.claim_action('w')");
      await w.q("select syncline.finish_action($1, $2, 'sealed')", [lease!.id, lease!.token]);
    },
    kind: "async_action",
    body: {
      ...{ from: "nango", type: "async_action" },
      payload: {
        id: "00000000-0000-4000-8000-000000000001",
        statusUrl: "/action/00000000-0000-4000-8000-000000000001",
      },
    },
    lane: null,
    unless: "on_async_action_completion",
  },
};

const scene = async (w: World): Promise<Scene> => {
  const made = await makeRun(w);
  await w.q(
    `update syncline.connections set tags = '{"plan": "pro"}',
       end_user = '{"id": "u1", "email": "u@app.example", "organization": {"id": "o1"}}' where id = $1`,
    [made.ids.connection],
  );
  await w.q("update syncline.environments set on_connection_deletion = true");
  return made;
};

const sent = (w: World) => w.q("select kind, url, body, lane from syncline.outbox order by url");

const tests = Object.entries(CASES).map(
  ([name, { when, kind, body, lane, unless }]): [string, (w: World) => Promise<void>] => [
    `${name}: ${kind}`,
    async (w) => {
      const at = await scene(w);
      const { ids, stream } = at;
      const [names] = await w.q(
        `select n.connection_id as "connectionId", i.unique_key as "providerConfigKey", s.name, e.name as environment
         from syncline.connections n join syncline.integrations i on i.id = n.integration_id
         join syncline.syncs s on s.connection_id = n.id join syncline.environments e on e.id = n.environment_id`,
      );
      const { connectionId, providerConfigKey, name: syncName, environment } = names!;
      await w.q("savepoint before");
      await when(w, at);
      const [one, ...more] = await sent(w);
      assert.deepEqual(more, []);
      const own = { ...body, connectionId, providerConfigKey, ...(kind === "sync" && { syncName }) };
      const expected = "environment" in own ? { ...own, environment } : own;
      const place = lane
        ?.replace("CONNECTION", String(ids.connection))
        .replace("STREAM", String(stream))
        .replace("SYNC", String(ids.sync));
      assert.deepEqual(one, { kind, url: "https://app.example/hook", body: expected, lane: place ?? null });
      if (unless === undefined) return;
      await w.q("rollback to savepoint before");
      await w.q(`update syncline.environments set ${unless} = false`);
      await when(w, at);
      assert.deepEqual(await sent(w), [], unless);
    },
  ],
);

sqlTests("35_outbox.bodies", {
  ...Object.fromEntries(tests),
  "a run that changes several models tells of each, each stream in its own lane": async (w) => {
    const { ids, fence } = await makeRun(w, { models: ["Contact", "Company"] });
    await w.q("select syncline.open_stream($1, $2, 'Company')", [fence.run, fence.token]);
    await runs.finishRun(w.db, fence);
    await startRun(w.db, ids);
    const rows = await w.q(
      "select body ->> 'model' as model, lane ~ '^stream:[0-9]+$' as own from syncline.outbox order by 1",
    );
    assert.deepEqual(rows, [
      { model: "Company", own: true },
      { model: "Contact", own: true },
    ]);
    assert.equal(await w.one("select count(distinct lane) from syncline.outbox"), 2);
  },
});
