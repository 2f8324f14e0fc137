// Promise: every member of the `nango` object works inside a deployed function, as seen from outside of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startSync, triggerSync } from "../../src/db/sync-control.ts";
import { testEngine } from "../helpers/engine.ts";
import { connectionWalks } from "./members/connection.ts";
import { controlWalks, TARGETS } from "./members/control.ts";
import { recordWalks } from "./members/records.ts";
import { requestWalks } from "./members/requests.ts";
import { fileOf, namesOf, seenOf } from "./members/walk.ts";

const MEMBERS = `get post put patch delete proxy paginate batchSave batchUpdate batchDelete getCheckpoint saveCheckpoint
  clearCheckpoint trackDeletesStart trackDeletesEnd deleteRecordsFromPreviousExecutions setMergingStrategy getRecordsByIds
  listRecords log getMetadata setMetadata updateMetadata getConnection getToken getIntegration getEnvironmentVariables
  getWebhookURL triggerSync startSync triggerAction tryAcquireLock releaseLock uncontrolledFetch zodValidateInput ActionError
  connectionId variant providerConfigKey provider environmentId environmentName accountId syncId syncJobId nangoConnectionId
  activityLogId syncConfig runnerFlags scriptType isCLI logger emptyCache lastSyncDate track_deletes
  batchSend getFieldMapping setFieldMapping getFlowAttributes setLogger releaseAllLocks`.split(/\s+/);

const WALKS = [...requestWalks, ...recordWalks, ...connectionWalks, ...controlWalks];

test("no member is left out", () => {
  const walked = new Set(WALKS.flatMap(({ members }) => members));
  assert.deepEqual(
    MEMBERS.filter((member) => !walked.has(member)),
    [],
  );
});

test("the members", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 9, companies: 250, tickets: 5 } });
  const files = WALKS.map((walk, at): [string, string] => [`acme/syncs/${namesOf(at).sync}.ts`, fileOf(walk, at)]);
  await engine.deploy({ ...Object.fromEntries(files), ...TARGETS });
  const connections: number[] = [];
  for (const at of WALKS.keys()) connections.push(await engine.connect(namesOf(at).connection));
  const scopeOf = (at: number) => {
    const { connection, sync } = namesOf(at);
    return { environment: engine.environment, integration: "acme", connection, syncs: [sync] };
  };
  for (const [at, { before }] of WALKS.entries()) {
    await before?.(engine, namesOf(at).connection);
    await startSync(engine.db.pool, scopeOf(at));
  }
  await engine.startWorker();
  await engine.quiet();
  for (const [at, { members, ends = "succeeded", check }] of WALKS.entries()) {
    await t.test(members.join(", "), async () => {
      const trigger = async (o: { reset?: boolean; emptyCache?: boolean }) =>
        void (await triggerSync(engine.db.pool, { ...scopeOf(at), ...o }));
      const seen = await seenOf(engine, at, connections[at]!, trigger);
      assert.deepEqual([seen.run.state, seen.run.state === ends ? null : seen.run.error], [ends, null]);
      await check(seen);
    });
  }
});
