// Requests whose bytes are no request of ours: packed, or with characters that no text may have.
import assert from "node:assert/strict";
import { test } from "node:test";
import { of, testApi } from "./api.ts";

test("a packed body, and texts with a NUL character, are the caller's mistake", async (t) => {
  const api = await testApi(t);
  const codeOf = async (...call: Parameters<typeof api.call>) => {
    const { status, body } = await api.call(...call);
    return `${status} ${body.error.code}`;
  };
  const packed = { headers: { "content-encoding": "gzip" }, body: { syncs: [], provider_config_key: "crm" } };
  assert.equal(await codeOf("POST", "/sync/start", packed), "415 invalid_content_type");
  const odd = { ...packed, headers: { "content-encoding": "rot13" } };
  assert.equal(await codeOf("POST", "/sync/start", odd), "415 invalid_content_type");
  assert.equal(await codeOf("GET", "/providers/a%00b"), "400 invalid_uri_params");
  await api.integrate("crm");
  await api.connect("crm", "one");
  const records = { headers: of("crm", "one") };
  assert.equal(await codeOf("GET", "/records?model=Contact&ids=a&ids=b%00", records), "400 invalid_query_params");
  assert.equal(await codeOf("GET", "/connections?search=%00"), "400 invalid_query_params");
  const keyName = { body: { display_name: "a\0b" } };
  assert.equal(await codeOf("POST", "/environment/api-keys", keyName), "400 invalid_body");
});
