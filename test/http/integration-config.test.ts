// Settings of integrations may be secrets, keys of AWS say: they rest sealed, from the first request on and after an upgrade.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { sealClearIntegrationConfigs } from "../../src/crypto/clear-integration-configs.ts";
import { openIntegrationConfig } from "../../src/crypto/integration-credentials.ts";
import { getIntegration } from "../../src/db/integrations.ts";
import { searchDump } from "../helpers/dump.ts";
import { testApi } from "./api.ts";

const canary = () => `canary-${randomBytes(12).toString("hex")}`;

test("settings of an integration are sealed, survive a rename, change, are named in the audit log, and go with it", async (t) => {
  const api = await testApi(t);
  const [one, two, old] = [canary(), canary(), canary()];
  const environment = api.dev.id;
  const rests = async (secret: string) => (await searchDump(api.db.url, [secret])).found;
  const read = async (uniqueKey: string) => {
    const integration = await getIntegration(api.db.pool, { environment, uniqueKey });
    return await openIntegrationConfig(api.keys, environment, integration!);
  };
  const row = () =>
    api.db.query("select config, config_sealed is null as is_empty from syncline.integrations order by id limit 1");
  const fieldsOfLast = async () =>
    (await api.db.query("select fields from syncline.audit_log order by id desc limit 1"))[0]!.fields;

  const body = { provider: "acme", unique_key: "crm", integration_config: { awsSecretAccessKey: one } };
  const { data } = await api.must("POST", "/integrations", { body });
  assert.ok(!("integration_config" in data));
  assert.deepEqual(await rests(one), []);
  assert.deepEqual(await read("crm"), { awsSecretAccessKey: one });

  await api.must("PATCH", "/integrations/crm", { body: { unique_key: "erp" } });
  assert.deepEqual(await read("erp"), { awsSecretAccessKey: one });
  await api.must("PATCH", "/integrations/erp", { body: { integration_config: { stsApiKey: two } } });
  assert.deepEqual([await read("erp"), await fieldsOfLast()], [{ stsApiKey: two }, ["config"]]);
  const [before] = await api.db.query("select count(*) from syncline.audit_log");
  await api.must("PATCH", "/integrations/erp", { body: { integration_config: { stsApiKey: two } } });
  assert.deepEqual(await api.db.query("select count(*) from syncline.audit_log"), [before], "the same is no change");
  assert.deepEqual(await rests(two), []);

  // As an older version left it: what it wrote last counts, and a start seals it.
  await api.db.query("update syncline.integrations set config = $1", [{ privateKey: old }]);
  assert.equal((await rests(old)).length, 1);
  assert.deepEqual(await read("erp"), { privateKey: old });
  await sealClearIntegrationConfigs({ db: api.db.pool, keys: api.keys });
  assert.deepEqual(await row(), [{ config: {}, is_empty: false }]);
  assert.deepEqual([await rests(old), await read("erp"), await fieldsOfLast()], [[], { privateKey: old }, ["config"]]);
  await sealClearIntegrationConfigs({ db: api.db.pool, keys: api.keys });

  await api.db.query("update syncline.integrations set config = $1", [{ privateKey: two }]);
  await api.must("PATCH", "/integrations/erp", { body: { unique_key: "new" } });
  assert.deepEqual([await rests(two), await read("new")], [[], { privateKey: two }]);
  await api.must("PATCH", "/integrations/new", { body: { integration_config: {} } });
  assert.deepEqual(await read("new"), {});
  await api.must("DELETE", "/integrations/new");
  assert.deepEqual(await row(), [{ config: {}, is_empty: true }]);
});

test("settings of an integration without any stay none", async (t) => {
  const api = await testApi(t);
  await api.must("POST", "/integrations", { body: { provider: "acme", unique_key: "crm" } });
  await api.must("PATCH", "/integrations/crm", { body: { unique_key: "erp" } });
  const integration = await getIntegration(api.db.pool, { environment: api.dev.id, uniqueKey: "erp" });
  assert.equal(integration!.config_sealed, null);
  assert.deepEqual(await openIntegrationConfig(api.keys, api.dev.id, integration!), {});
});
