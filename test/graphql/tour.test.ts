// The tour: every type of the schema and every relation, both ways, with a real client; the SQL of each is in golden/.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEV_KEY } from "../http/api.ts";
import { goldenClient } from "./statements.ts";
import { tourWorld } from "./tour-world.ts";

test("the tour", async (t) => {
  const world = await tourWorld(t);
  const { ask } = await goldenClient(t, world.url, DEV_KEY);

  await t.test("a dashboard shows connections, their syncs and the newest runs", async () => {
    const { data } = await ask(`query Dashboard {
      integrations { totalCount nodes { uniqueKey provider displayName } }
      connections(first: 50) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes {
          connectionId authMode metadata tags
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
    const [sync] = ann.syncs.nodes;
    assert.deepEqual([sync.status, sync.frequency, sync.checkpoint], ["RUNNING", "every hour", { page: 2 }]);
    assert.deepEqual([sync.lastRun.state, sync.runs.nodes.length, sync.function.models], ["READY", 2, ["Contact"]]);
    assert.deepEqual(ann.streams.nodes[0].recordCount, "2");
    assert.deepEqual([bob.syncs.nodes[0].status, bob.streams.nodes], ["SUCCESS", []]);
  });
});
