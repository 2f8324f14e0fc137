// Walks of what a function learns of its connection, its integration and its environment.
import assert from "node:assert/strict";
import { environmentVariablePlace } from "../../../src/crypto/places.ts";
import { seal } from "../../../src/crypto/seal.ts";
import { setEnvironmentVariable } from "../../../src/db/environment-variables.ts";
import type { Walk } from "./walk.ts";

export const SECRET = "a secret of the environment";

export const connectionWalks: Walk[] = [
  {
    members: ["getMetadata", "setMetadata", "updateMetadata", "getFieldMapping", "setFieldMapping"],
    body: `const at = [await nango.getMetadata(), await nango.getFieldMapping()];
      const { data, status } = await nango.setMetadata({ a: { b: 1 }, c: 1 });
      at.push(await nango.getMetadata());
      await nango.updateMetadata({ a: { d: 2 } });
      await nango.setFieldMapping({ mine: "theirs" });
      at.push(await nango.getFieldMapping(), data, status);
      await report(at);`,
    check: async ({ reported, query, connection, name }) => {
      const set = { a: { b: 1 }, c: 1 };
      const written = { connection_id: name, provider_config_key: "acme", metadata: set };
      assert.deepEqual(reported, [{}, {}, set, { mine: "theirs" }, written, 200]);
      const [row] = await query("select metadata from syncline.connections where id = $1", [connection]);
      assert.deepEqual(row?.metadata, { a: { d: 2 }, c: 1, fieldMapping: { mine: "theirs" } });
    },
  },
  {
    members: ["getConnection", "getToken"],
    body: `const refused = [];
      for (const names of [["acme", "customer 0"], ["other"], [undefined, "customer 0"]]) {
        try { await nango.getConnection(...names); } catch (error) { refused.push(error.code); }
      }
      const own = await nango.getConnection(nango.providerConfigKey, nango.connectionId, { forceRefresh: true });
      const { apiKey } = await nango.getToken();
      await report({ refused, id: own.id, name: own.connection_id, type: own.credentials.type, isSame: own.credentials.apiKey === apiKey, length: apiKey.length });`,
    check: ({ reported, connection, name, engine }) => {
      const length = engine.provider.credentials.apiKey.length;
      const refused = Array(3).fill("forbidden");
      assert.deepEqual(reported, { refused, id: connection, name, type: "API_KEY", isSame: true, length });
    },
  },
  {
    members: ["getIntegration", "getWebhookURL"],
    body: `const plain = await nango.getIntegration();
      const { credentials, webhook_url } = await nango.getIntegration({ include: ["webhook", "credentials"] });
      await report({ key: plain.unique_key, name: plain.display_name, provider: plain.provider, hasMore: "credentials" in plain, credentials, webhook_url, url: await nango.getWebhookURL() });`,
    check: ({ reported }) => {
      const names = { key: "acme", name: "Acme", provider: "acme", hasMore: false };
      const { webhook_url, url, ...rest } = reported as Record<string, string>;
      assert.deepEqual(rest, { ...names, credentials: null });
      assert.match(url ?? "", /^https:\/\/sync\.example\/webhook\/[0-9a-f-]{36}\/acme$/);
      assert.equal(webhook_url, url);
    },
  },
  {
    members: ["getEnvironmentVariables"],
    before: async ({ db, keys, environment }) => {
      const key = await keys.ofEnvironment(environment);
      for (const [name, value] of [
        ["ONE", "1"],
        ["SECRET", SECRET],
      ] as const) {
        const valueSealed = seal(key, value, environmentVariablePlace(environment, name));
        await setEnvironmentVariable(db.pool, { environment, name, valueSealed });
      }
    },
    body: `const variables = await nango.getEnvironmentVariables();
      await nango.log("they are", variables);
      await report(variables);`,
    check: async ({ reported, logged, query }) => {
      const variables = [
        { name: "ONE", value: "1" },
        { name: "SECRET", value: SECRET },
      ];
      assert.deepEqual(reported, variables);
      assert.deepEqual((await logged("they are"))[0]?.detail, [variables[0], { name: "SECRET", value: "***" }]);
      const [row] = await query("select value_sealed from syncline.environment_variables where name = 'SECRET'");
      assert.equal(String(row?.value_sealed).includes(SECRET), false);
    },
  },
  {
    members: [
      ...["connectionId", "providerConfigKey", "provider", "environmentId", "environmentName", "accountId", "syncId"],
      ...["syncJobId", "nangoConnectionId", "activityLogId", "syncConfig", "runnerFlags", "scriptType", "isCLI"],
      ...["variant", "lastSyncDate", "track_deletes", "emptyCache", "getFlowAttributes"],
    ],
    body: `const { connectionId, providerConfigKey, provider, environmentId, environmentName, accountId, syncId, syncJobId, nangoConnectionId, activityLogId,
        syncConfig, runnerFlags, scriptType, isCLI, variant, track_deletes, emptyCache } = nango;
      await report({ connectionId, providerConfigKey, provider, environmentId, environmentName, accountId, syncId, syncJobId, nangoConnectionId, activityLogId,
        syncConfig, isUnchecked: Object.values(runnerFlags).every((flag) => flag === false), scriptType, isCLI, variant, track_deletes, emptyCache,
        lastSyncDate: nango.lastSyncDate ?? null, attributes: nango.getFlowAttributes(),
        sniffed: ["fixtureProvider", "dryRun", "abortSignal"].map((name) => name in nango) });`,
    check: async ({ reported, query, connection, name, run, again, engine: { environment } }) => {
      const [sync] = await query(
        "select uid, name from syncline.syncs where id = (select sync_id from syncline.runs where id = $1)",
        [run.id],
      );
      const model = String(sync?.name).replace("walk-", "Walk");
      const facts = {
        ...{ connectionId: name, providerConfigKey: "acme", provider: "acme", environmentId: environment },
        ...{ environmentName: "dev", accountId: 1, syncId: sync?.uid, nangoConnectionId: connection },
        ...{
          syncConfig: { sync_name: sync?.name, type: "sync", models: [model] },
          isUnchecked: true,
          scriptType: "sync",
        },
        ...{ isCLI: false, variant: "base", track_deletes: false, attributes: null, sniffed: [false, false, false] },
      };
      const ofRun = ({ id }: { id: number }) => ({ syncJobId: id, activityLogId: String(id) });
      assert.deepEqual(reported, { ...facts, ...ofRun(run), emptyCache: false, lastSyncDate: null });
      const started = await query("select started_at from syncline.runs where id = $1", [run.id]);
      const second = await again();
      const { lastSyncDate } = second.reported as { lastSyncDate: string };
      assert.equal(Date.parse(lastSyncDate), Date.parse(String(started[0]?.started_at)));
      const third = await again({ reset: true, emptyCache: true });
      assert.deepEqual(third.reported, { ...facts, ...ofRun(third.run), emptyCache: true, lastSyncDate: null });
    },
  },
];
