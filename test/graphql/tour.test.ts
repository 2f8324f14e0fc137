// The tour: every type of the schema and every relation, both ways, with a real client; the SQL of each is in golden/.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEV_KEY, PROD_KEY } from "../http/api.ts";
import { clientOf, goldenClient } from "./statements.ts";
import { tourWorld } from "./tour-world.ts";

test("the tour", async (t) => {
  const world = await tourWorld(t);
  const { ask, count, client } = await goldenClient(t, world.url, DEV_KEY);

  await t.test("a dashboard shows connections, their syncs and the newest runs", async () => {
    const { data } = await ask(`query Dashboard {
      integrations { totalCount nodes { uniqueKey provider displayName } }
      connections(first: 50) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes {
          connectionId authMode metadata tags authStatus authError credentialsExpireAt
          integration { uniqueKey }
          syncs(first: 10) {
            nodes {
              id name variant state status frequency nextScheduledSyncAt lastSuccessAt checkpoint
              function { name kind isActive models }
              lastRun { id state }
              runs(first: 2) { nodes { id state createdAt seconds error } }
            }
          }
          streams(first: 10) { nodes { model variant recordCount lastChangeAt } }
        }
      }
    }`);
    const [bob, ann] = data.connections.nodes;
    assert.deepEqual([data.connections.totalCount, data.integrations.totalCount], [2, 1]);
    assert.deepEqual([ann.connectionId, ann.metadata, ann.tags], ["ann", { plan: "gold" }, { team: "north" }]);
    const { logId, ...error } = ann.authError;
    assert.match(logId, /^\d+$/);
    assert.deepEqual([bob.authStatus, bob.authError, ann.authStatus], ["OK", null, "FAILING"]);
    assert.deepEqual(error, {
      type: "refresh_token_external_error",
      description: "the provider said no",
      since: "2026-03-01T15:00:00.000Z",
    });
    const [sync] = ann.syncs.nodes;
    assert.deepEqual([sync.status, sync.frequency, sync.checkpoint], ["RUNNING", "every hour", { page: 2 }]);
    assert.deepEqual(
      [sync.lastRun.state, sync.runs.nodes[0].state, sync.function.models],
      ["SUCCEEDED", "READY", ["Contact"]],
    );
    assert.deepEqual(ann.streams.nodes[0].recordCount, "2");
    assert.deepEqual([bob.syncs.nodes[0].status, bob.streams.nodes], ["SUCCESS", []]);
  });

  await t.test("from a connection down to runs, logs, webhooks and deliveries", async () => {
    const { data } = await ask(
      `query Down($integration: String!, $connectionId: String!) {
        connection(integration: $integration, connectionId: $connectionId) {
          environment { name integrations { nodes { uniqueKey functions { nodes { name version sourceCode } } } } }
          checkpoints { nodes { kind name variant value updatedAt run { state } } }
          runs(first: 10) { nodes { kind origin state error results { model added updated deleted unchanged } } }
          logs(first: 10, condition: { level: WARN }) { nodes { at kind level message } }
          webhooks(first: 10) { nodes { kind state attempts deliveries { nodes { attempt status milliseconds error } } } }
          syncs(first: 10) { nodes { refreshes { nodes { state missing live stream { model } } } } }
        }
      }`,
      { integration: "crm", connectionId: "ann" },
    );
    const { environment, checkpoints, runs, logs, webhooks, syncs } = data.connection;
    assert.deepEqual(
      [environment.name, environment.integrations.nodes[0].functions.nodes[0].name],
      ["dev", "contacts"],
    );
    assert.deepEqual([checkpoints.nodes[0].value, checkpoints.nodes[0].run.state], [{ page: 2 }, "SUCCEEDED"]);
    assert.deepEqual(
      runs.nodes.map(({ state }: { state: string }) => state),
      ["READY", "SUCCEEDED", "SUCCEEDED", "FAILED", "SUCCEEDED"],
    );
    assert.equal(runs.nodes[3].error.type, "script_http_error");
    assert.deepEqual(runs.nodes.at(-1).results, [
      { model: "Contact", added: "2", updated: "0", deleted: "0", unchanged: "0" },
    ]);
    assert.deepEqual(
      logs.nodes.map(({ level }: { level: string }) => level),
      ["ERROR", "WARN", "ERROR"],
    );
    const dead = webhooks.nodes.find(({ state }: { state: string }) => state === "DEAD");
    assert.deepEqual(dead.deliveries.nodes, [{ attempt: 1, status: 400, milliseconds: 12, error: null }]);
    assert.deepEqual(syncs.nodes[0].refreshes.nodes[0], {
      state: "NEEDS_APPROVAL",
      missing: "2",
      live: "2",
      stream: { model: "Contact" },
    });
  });

  await t.test("and from each back up", async () => {
    const up = "environment { name }";
    const connection = "connection { connectionId }";
    const { data } = await ask(`query Up {
      logs(first: 1) { nodes { message ${up} ${connection} sync { name } run { state sync { name } function { name } } } }
      deliveries { nodes { status ${up} webhook { uid ${up} ${connection} run { state } } } }
      refreshes { totalCount nodes { ${up} sync { name } run { state } stream { model ${connection} } } }
      runs(first: 1, orderBy: ID_ASC) { nodes { ${up} ${connection} sync { name ${up} ${connection} function { name ${up} integration { uniqueKey } } } results { run { state } stream { model ${up} } } webhooks { nodes { kind } } logs { nodes { level } } } }
      checkpoints { nodes { ${up} ${connection} } }
      streams { totalCount nodes { ${up} ${connection} refreshes { nodes { state } } } }
      functions(condition: { isActive: true }) { nodes { name syncs { totalCount } } }
    }`);
    assert.deepEqual(data.logs.nodes[0].run.function, { name: "contacts" });
    assert.equal(data.deliveries.nodes[0].webhook.connection.connectionId, "ann");
    assert.equal(data.refreshes.nodes[0].stream.connection.connectionId, "ann");
    assert.equal(data.runs.nodes[0].results[0].stream.model, "Contact");
    assert.equal(data.runs.nodes[0].logs.nodes.length, 4);
    assert.deepEqual([data.streams.totalCount, data.functions.nodes[0].syncs.totalCount], [1, 2]);
    const names = JSON.stringify(data).match(/"environment":\{"name":"\w+"\}/g) ?? [];
    assert.deepEqual(new Set(names), new Set(['"environment":{"name":"dev"}']));
    assert.doesNotMatch(JSON.stringify(data), /"(connection|sync|stream|webhook)":null/);
  });

  await t.test("lists are filtered by what is indexed", async () => {
    const { data } = await ask(`query Filters {
      failed: runs(condition: { state: FAILED }) { nodes { id state } }
      bobs: runs(condition: { integration: "crm", connectionId: "bob" }) { nodes { connection { connectionId } } }
      second: runs(condition: { createdSince: "2026-03-01T12:30:00Z", createdBefore: "2026-03-01T13:30:00Z" }) { nodes { createdAt } }
      lines: logs(condition: { since: "2026-03-01T12:01:00Z", before: "2026-03-01T12:03:00Z" }, orderBy: ID_ASC) { nodes { message } }
      syncs(condition: { name: "contacts", connectionId: "bob" }) { nodes { connection { connectionId } } }
      connections(condition: { integration: "crm", connectionId: "bob" }) { nodes { connectionId } }
      webhooks(condition: { state: DEAD }) { nodes { state } }
      refreshes(condition: { state: NEEDS_APPROVAL }) { nodes { state } }
      integrations(condition: { provider: "acme" }) { nodes { uniqueKey } }
    }`);
    const counts = Object.entries(data as Record<string, { nodes: unknown[] }>).map(([name, { nodes }]) => [
      name,
      nodes.length,
    ]);
    assert.deepEqual(Object.fromEntries(counts), {
      failed: 1,
      bobs: 1,
      second: 1,
      lines: 2,
      syncs: 1,
      connections: 1,
      webhooks: 1,
      refreshes: 1,
      integrations: 1,
    });
    assert.equal(data.second.nodes[0].createdAt, "2026-03-01T13:00:00.000000+00:00");
  });

  await t.test("pages go on from a cursor, both ways, and miss and repeat nothing", async () => {
    const seen: string[] = [];
    let after = "";
    let last = { startCursor: "" };
    for (let isOver = false; !isOver; ) {
      const asked = client.request<{
        runs: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; startCursor: string; endCursor: string } };
      }>(
        `query ($after: Cursor) { runs(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage startCursor endCursor } } }`,
        { after: after === "" ? null : after },
      );
      const { nodes, pageInfo } = (await asked).runs;
      seen.push(...nodes.map(({ id }) => id));
      after = pageInfo.endCursor;
      last = pageInfo;
      isOver = !pageInfo.hasNextPage;
    }
    assert.deepEqual(seen, ["6", "5", "4", "3", "2", "1"]);
    const { data } = await ask(
      "query PageBefore($before: Cursor) { runs(last: 2, before: $before) { nodes { id } pageInfo { hasPreviousPage } } }",
      { before: last.startCursor },
    );
    assert.deepEqual(
      data.runs.nodes.map(({ id }: { id: string }) => id),
      ["4", "3"],
    );
  });

  await t.test("node finds a thing by its global id, for its own environment alone", async () => {
    const all = await client.request<Record<string, { nodes: { nodeId: string }[] }>>(
      `{ ${["environments", "integrations", "connections", "functions", "syncs", "runs", "checkpoints", "streams", "refreshes", "webhooks", "deliveries"].map((name) => `${name} { nodes { nodeId } }`).join(" ")} }`,
    );
    const ids = Object.values(all).map(({ nodes }) => nodes[0]!.nodeId);
    const query = "query Node($nodeId: ID!) { node(nodeId: $nodeId) { __typename nodeId } }";
    for (const nodeId of ids) {
      assert.equal((await client.request<{ node: { nodeId: string } }>(query, { nodeId })).node.nodeId, nodeId);
      assert.deepEqual(await clientOf(world.url, PROD_KEY).request(query, { nodeId }), { node: null });
    }
    assert.equal(ids.length, 11);
  });

  await t.test("providers come from the catalogue, without a statement", async () => {
    const { data, statements } = await ask(
      `query Providers { providers(search: "ACME") { name displayName authMode categories } provider(name: "acme") { baseUrl docs connectionConfig } nobody: provider(name: "nobody") { name } }`,
    );
    assert.ok(
      data.providers.some(({ name, authMode }: Record<string, string>) => name === "acme" && authMode === "API_KEY"),
    );
    assert.match(data.provider.baseUrl, /^\$\{connectionConfig\.baseUrl\}$/);
    assert.deepEqual([data.nobody, statements], [null, 0]);
  });

  await t.test("fifty connections with their syncs and two runs each cost as many statements as one", async () => {
    await world.db.query(`insert into syncline.connections (environment_id, integration_id, connection_id, auth_mode)
      select n.environment_id, n.integration_id, 'c' || g, n.auth_mode from syncline.connections n, generate_series(1, 48) g where n.connection_id = 'ann'`);
    await world.db.query(`insert into syncline.syncs (environment_id, connection_id, function_id, name, state, frequency)
      select n.environment_id, n.id, (select max(id) from syncline.functions), 'contacts', 'paused', '1 h' from syncline.connections n
       where n.connection_id like 'c%'`);
    await world.db.query(`insert into syncline.runs (environment_id, connection_id, sync_id, origin, state, finished_at)
      select s.environment_id, s.connection_id, s.id, 'api', 'succeeded', syncline.now() from syncline.syncs s, generate_series(1, 2) g
       where s.state = 'paused'`);
    const operation = `query NoMoreStatements($first: Int!) {
      connections(first: $first) {
        nodes { connectionId syncs(first: 5) { nodes { name runs(first: 2) { nodes { id state logs(first: 1) { nodes { message } } } } } } }
      }
    }`;
    const [one, fifty] = [await count(operation, { first: 1 }), await ask(operation, { first: 50 })];
    assert.equal(fifty.data.connections.nodes.length, 50);
    assert.ok(
      fifty.data.connections.nodes.every(({ syncs }: never) => (syncs as { nodes: unknown[] }).nodes.length === 1),
    );
    assert.deepEqual([one.statements, fifty.statements], [1, 1]);
  });
});
