// What the published client does with connections beyond the ordinary: odd names, tokens of each kind, waiting.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { DEV_KEY, testApi } from "../http/api.ts";

test("connections as the published client asks for them", async (t) => {
  const api = await testApi(t);
  const nango = new Nango({ host: api.url, secretKey: DEV_KEY });
  await api.integrate("crm");

  await t.test("a name comes through the path as it is, but for those that end it", async () => {
    for (const id of ["a b", "x@y.example", "a:b;c=d,e+f", "[1]|{2}", `"q'`, "~$"]) {
      await api.connect("crm", id);
      assert.equal((await nango.getConnection("crm", id)).connection_id, id);
      await nango.setMetadata("crm", id, { id });
      assert.deepEqual(await nango.getMetadata("crm", id), { id });
      assert.equal((await nango.listConnections({ connectionId: id })).connections.length, 1, id);
      await nango.deleteConnection("crm", id);
    }
  });

  await t.test("tags are asked for in brackets, as many as there are", async () => {
    await api.connect("crm", "red", { tags: { Team: "Red & blue", tier: "1" } });
    await api.connect("crm", "other", { tags: { team: "Red & blue" } });
    const found = await nango.listConnections({ tags: { team: "Red & blue", tier: "1" } });
    assert.deepEqual(
      found.connections.map(({ connection_id }) => connection_id),
      ["red"],
    );
  });

  await t.test("a token is what the client makes of the credentials", async () => {
    await api.must("POST", "/integrations", { body: { provider: "okta-cc", unique_key: "cc" } });
    await api.must("POST", "/integrations", { body: { provider: "unauthenticated", unique_key: "none" } });
    const token = { type: "OAUTH2_CC", client_id: "i", client_secret: "s", token: "t" };
    await api.connect("cc", "one", { credentials: token });
    await api.connect("none", "one", { credentials: { type: "NONE" } });
    assert.deepEqual(await nango.getToken("cc", "one"), { ...token, raw: { token: "t" } });
    assert.deepEqual(await nango.getRawTokenResponse("cc", "one"), { token: "t" });
    assert.deepEqual(await nango.getToken("none", "one"), {});
  });

  await t.test("credentials that ended and cannot be renewed are an error with the connection in it", async () => {
    const ended = { token: "t", expires_at: "2026-01-01T00:00:00Z" };
    await api.connect("cc", "two", {
      credentials: { type: "OAUTH2_CC", client_id: "i", client_secret: "s", ...ended },
    });
    await assert.rejects(nango.getToken("cc", "two"), ({ response }) => {
      const { code, payload } = response.data.error;
      assert.deepEqual([response.status, code, payload.connection.connection_id], [400, "invalid_credentials", "two"]);
      return true;
    });
  });

  await t.test("a connection that is made is found by whom it belongs to", async () => {
    await api.connect("crm", "mine", { end_user: { id: "user 7" } });
    assert.equal((await nango.waitForConnection("crm", "user 7")).connection_id, "mine");
  });
});
