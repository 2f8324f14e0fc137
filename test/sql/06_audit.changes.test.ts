// sql/06_audit.sql: every change of configuration is written down once, without values.

import assert from "node:assert/strict";
import { createApiKey, revokeApiKey } from "../../src/db/api-keys.ts";
import { noteReader } from "../../src/db/audit.ts";
import { getConnection, importConnection, patchConnection, setMetadata } from "../../src/db/connections.ts";
import { deleteEnvironmentVariable, setEnvironmentVariable } from "../../src/db/environment-variables.ts";
import { deleteEnvironment, setSigningKey, updateWebhookSettings } from "../../src/db/environments.ts";
import { createIntegration, deleteIntegration, updateIntegration } from "../../src/db/integrations.ts";
import { createVariant, deleteVariant, pauseSync, setFrequency, startSync } from "../../src/db/sync-control.ts";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";

const CANARY = "canary-7f3a";
const sealed = Buffer.from(CANARY);

type Ids = Awaited<ReturnType<typeof makeSync>>;

const namesOf = async (w: World, ids: Ids) => {
  const [names] = await w.q(
    `select i.unique_key as integration, n.connection_id as connection, s.name as sync
       from syncline.syncs s join syncline.connections n on n.id = s.connection_id join syncline.integrations i on i.id = n.integration_id
      where s.id = $1`,
    [ids.sync],
  );
  return names as { integration: string; connection: string; sync: string };
};

/** What `work` adds to the log: `action subject [fields]`. */
const written = async (w: World, work: () => Promise<unknown>): Promise<string[]> => {
  const last = await w.one("select coalesce(max(id), 0) from syncline.audit_log");
  await work();
  const rows = await w.q("select * from syncline.audit_log where id > $1 order by id", [last]);
  assert.doesNotMatch(JSON.stringify(rows), new RegExp(`${CANARY}|${sealed.toString("hex")}`));
  return rows.map(
    ({ action, subject_name, fields }) => `${action} ${subject_name}${fields.length ? ` ${fields}` : ""}`,
  );
};

sqlTests("06_audit: changes", {
  "what happens to an environment, its keys, variables and settings is named once, without values": async (w) => {
    const ids = await makeSync(w);
    const { environment } = ids;
    const name = await w.one("select name from syncline.environments where id = $1", [environment]);
    const key = await createApiKey(w.db, {
      environment,
      keyHash: Buffer.alloc(32, 7),
      displayName: "ci",
      scopes: ["*"],
    });
    const cases: [() => Promise<unknown>, string[]][] = [
      [() => revokeApiKey(w.db, { environment, id: key.id }), ["api_key.revoked ci"]],
      [
        () =>
          updateWebhookSettings(w.db, {
            environment,
            changes: { primary_url: `https://a.b/${CANARY}`, on_sync_error: false },
          }),
        [`environment.updated ${name} on_sync_error,webhook_url_primary`],
      ],
      [() => updateWebhookSettings(w.db, { environment, changes: { on_sync_error: false } }), []],
      [() => setSigningKey(w.db, { environment, sealed }), [`environment.signing_key_rotated ${name}`]],
      [
        () => setEnvironmentVariable(w.db, { environment, name: "V", valueSealed: sealed }),
        ["environment_variable.created V"],
      ],
      [
        () => setEnvironmentVariable(w.db, { environment, name: "V", valueSealed: Buffer.from(`${CANARY}2`) }),
        ["environment_variable.updated V value"],
      ],
      [() => deleteEnvironmentVariable(w.db, { environment, name: "V" }), ["environment_variable.deleted V"]],
      [() => w.q("update syncline.settings set time_slice = '7 min'"), ["settings.updated null time_slice"]],
      [() => w.q("update syncline.settings set time_slice = '7 min'"), []],
      [
        () =>
          w.q(
            `insert into syncline.webhook_endpoints (environment_id, url) values ($1, 'https://u:${CANARY}@a.b/hook?t=${CANARY}')`,
            [environment],
          ),
        [],
      ],
      [
        () =>
          w.q("select syncline.pause_endpoint(id) from syncline.webhook_endpoints where environment_id = $1", [
            environment,
          ]),
        ["webhook_endpoint.paused https://a.b/hook"],
      ],
      [
        () =>
          w.q("select syncline.resume_endpoint(id) from syncline.webhook_endpoints where environment_id = $1", [
            environment,
          ]),
        ["webhook_endpoint.resumed https://a.b/hook"],
      ],
      [() => deleteEnvironment(w.db, { id: environment }), [`environment.deleted ${name}`]],
    ];
    for (const [work, expected] of cases) assert.deepEqual(await written(w, work), expected);
  },
  "what happens to integrations, connections and syncs is named once, without values": async (w) => {
    const ids = await makeSync(w);
    const { environment } = ids;
    const { integration, connection, sync } = await namesOf(w, ids);
    const one = { environment, integration, connection };
    const key = { environment, uniqueKey: integration };
    const change = {
      ...key,
      newKey: integration,
      displayName: null,
      forwardWebhooks: null,
      credentialsSealed: null,
      custom: null,
      webhookSecretSealed: null,
      configSealed: null,
    };
    const imported = {
      ...one,
      authMode: "API_KEY",
      connectionConfig: null,
      metadata: null,
      tags: null,
      generatedTags: null,
      endUser: null,
      webhookUrlOverride: null,
      wrapped: sealed,
      masterKeyId: "m",
    };
    await w.q(
      "insert into syncline.data_keys (environment_id, connection_id, wrapped, master_key_id) values ($1, $2, 'w', 'm')",
      [environment, ids.connection],
    );
    const both = `${integration}/${connection}`;
    const syncs = { ...one, syncs: [sync] };
    const variant = { ...one, sync, variant: "eu" };
    const cases: [() => Promise<unknown>, string[]][] = [
      [
        () =>
          createIntegration(w.db, {
            ...key,
            uniqueKey: "second",
            provider: "acme",
            displayName: "S",
            forwardWebhooks: true,
            credentialsSealed: sealed,
            custom: {},
            webhookSecretSealed: null,
          }),
        ["integration.created second"],
      ],
      [
        () =>
          updateIntegration(w.db, {
            ...change,
            credentialsSealed: sealed,
            webhookSecretSealed: sealed,
            configSealed: sealed,
            custom: { k: CANARY },
          }),
        [`integration.updated ${integration} config,credentials,custom,webhook_secret`],
      ],
      [() => updateIntegration(w.db, change), []],
      [() => importConnection(w.db, { ...imported, connection: "new" }), [`connection.created ${integration}/new`]],
      [
        () => importConnection(w.db, { ...imported, tags: { k: CANARY } }),
        [`connection.credentials_replaced ${both}`, `connection.updated ${both} tags`],
      ],
      [
        () => setMetadata(w.db, { environment, integration, connections: [connection], metadata: { k: CANARY } }),
        [`connection.updated ${both} metadata`],
      ],
      [() => setMetadata(w.db, { environment, integration, connections: [connection], metadata: { k: CANARY } }), []],
      [
        () =>
          patchConnection(w.db, {
            ...one,
            tags: {},
            generatedTags: null,
            endUser: { id: CANARY },
            webhookUrlOverride: "https://a.b",
          }),
        [`connection.updated ${both} end_user,tags,webhook_url_override`],
      ],
      [() => getConnection(w.db, one), []],
      [
        () =>
          noteReader(w.db, { environment, connection: ids.connection, name: both, reader: { kind: "account_key" } }),
        [`connection.credentials_read ${both}`],
      ],
      [() => pauseSync(w.db, syncs), [`sync.paused ${both}/${sync}`]],
      [() => pauseSync(w.db, syncs), []],
      [() => startSync(w.db, syncs), [`sync.started ${both}/${sync}`]],
      [
        () => setFrequency(w.db, { ...one, sync, variant: "base", frequency: "every 2 hours" }),
        [`sync.updated ${both}/${sync} frequency_override`],
      ],
      [() => w.q("select syncline.reset_sync($1)", [ids.sync]), [`sync.reset ${both}/${sync}`]],
      [() => createVariant(w.db, variant), [`sync.variant_created ${both}/${sync}::eu`]],
      [() => deleteVariant(w.db, variant), [`sync.variant_deleted ${both}/${sync}::eu`]],
      [() => w.q("select syncline.remove_function($1)", [ids.function]), [`function.removed ${integration}/${sync}`]],
      [
        () => deleteIntegration(w.db, key),
        [`connection.deleted ${both}`, `connection.deleted ${integration}/new`, `integration.deleted ${integration}`],
      ],
    ];
    for (const [work, expected] of cases) assert.deepEqual((await written(w, work)).sort(), expected.sort());
  },
});
