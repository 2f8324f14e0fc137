// POST /import/connections: what stands is left alone unless it is to be overridden.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testApi } from "./api.ts";

test("of many imports of one name at the same moment, none of which overrides, one makes it and the others leave it", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const imported = async (apiKey: string) => {
    const body = {
      connection_id: "one",
      provider_config_key: "crm",
      auth_mode: "API_KEY",
      credentials: { type: "API_KEY", apiKey },
      connection_config: {},
      metadata: {},
      tags: {},
      end_user: null,
      webhook_url_override: null,
    };
    return { apiKey, ...(await api.must("POST", "/import/connections", { body })) };
  };
  const done = await Promise.all(Array.from({ length: 8 }, (_, n) => imported(`key ${n}`)));
  const created = done.filter(({ result }) => result === "created");
  assert.equal(created.length, 1);
  assert.equal(done.filter(({ result }) => result === "skipped").length, 7);
  const { credentials } = await api.must("GET", "/connections/one?provider_config_key=crm");
  assert.equal(credentials.apiKey, created[0]!.apiKey);
});
