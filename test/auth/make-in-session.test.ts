// Connections made in a connect session: what the app said decides, and each session makes one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type InSession, makeInSession } from "../../src/auth/make-in-session.ts";
import { findConnectSession } from "../../src/db/connect-sessions.ts";
import { hashApiKey } from "../../src/db/ensure-environments.ts";
import { getIntegration } from "../../src/db/integrations.ts";
import { compileTexts } from "../helpers/installation.ts";
import { syncFunction, testApi } from "../http/api.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const LOOK = `
import { createOnEvent } from "syncline";
export default createOnEvent({
  description: "A look", version: "1.0.0", event: "validate-connection",
  exec: async (nango) => {
    const { credentials } = await nango.getConnection();
    if (credentials.apiKey === "bad") throw new nango.ActionError({ error: "this key is bad" });
  },
});`;

test("connections made in a session", async (t) => {
  const api = await testApi(t);
  for (const name of ["crm", "erp", "judged"]) await api.integrate(name);
  const deps = { ...api.runs.auth, runEvent: api.runs.runEvent };
  const provider = api.runs.auth.catalogue.get("acme")!;

  const session = async (body: object, path = "/connect/sessions") => {
    const { token } = (await api.must("POST", path, { body })).data;
    const find = () => findConnectSession(api.db.pool, { tokenHash: hashApiKey(token) });
    return { found: (await find())!, find };
  };
  const given = async (uniqueKey: string, over: Partial<InSession> & { apiKey?: string } = {}): Promise<InSession> => {
    const { apiKey = "k", ...rest } = over;
    const integration = (await getIntegration(api.db.pool, { environment: api.dev.id, uniqueKey }))!;
    return { integration, provider, credentials: { type: "API_KEY", apiKey }, connectionConfig: {}, ...rest };
  };
  const shown = (integration: string, connection: string) =>
    api.must("GET", `/connections/${connection}?provider_config_key=${integration}`);

  await t.test("a connection gets an id, and carries what the app said over what the browser sent", async () => {
    const { found, find } = await session({
      end_user: { id: "u1", email: "u@x.example" },
      organization: { id: "o1" },
      tags: { team: "red" },
      allowed_integrations: ["crm"],
      integrations_config_defaults: { crm: { connection_config: { region: "eu" } } },
      webhook_url_override: "http://127.0.0.1:1/hook",
    });
    const connectionConfig = { region: "us", subdomain: "acme" };
    const made = await makeInSession(deps, found, await given("crm", { connectionConfig, metadata: { a: 1 } }));
    assert.match(made.connectionId, UUID);
    assert.deepEqual([made.providerConfigKey, made.isNew], ["crm", true]);
    const connection = await shown("crm", made.connectionId);
    assert.deepEqual(connection.connection_config, { region: "eu", subdomain: "acme" });
    assert.deepEqual(connection.metadata, { a: 1 });
    const ofUser = { end_user_id: "u1", end_user_email: "u@x.example", organization_id: "o1" };
    assert.deepEqual(connection.tags, { team: "red", ...ofUser });
    assert.equal(connection.webhook_url_override, "http://127.0.0.1:1/hook");
    assert.equal(connection.end_user.organization.id, "o1");
    assert.equal(await find(), null, "the session has ended");
  });

  await t.test("an integration that is not allowed is refused, and the session goes on", async () => {
    const { found, find } = await session({ tags: {}, allowed_integrations: ["crm"] });
    await assert.rejects(makeInSession(deps, found, await given("erp")), { code: "integration_not_allowed" });
    assert.equal((await find())?.id, found.id);
  });

  await t.test("of five who finish at the same time one makes its connection", async () => {
    const { found } = await session({ tags: { race: "yes" } });
    const one = await given("crm");
    const ends = await Promise.allSettled(Array.from({ length: 5 }, () => makeInSession(deps, found, one)));
    const reasons = ends.flatMap((end) => (end.status === "rejected" ? [end.reason.code] : []));
    assert.deepEqual(reasons, Array(4).fill("unknown_connect_session_token"));
    const { connections } = await api.must("GET", "/connections?tags[race]=yes");
    assert.equal(connections.length, 1);
  });

  await t.test("a reconnect renews what is there: config and tags stay, a paused sync stays paused", async () => {
    await api.deploy([syncFunction("erp", "contacts", { auto_start: false })], "single");
    await api.connect("erp", "one", { connection_config: { old: "1", both: "old" }, tags: { team: "red" } });
    const { found } = await session({ connection_id: "one", integration_id: "erp" }, "/connect/sessions/reconnect");
    const renewed = await given("erp", { connectionConfig: { both: "new" }, apiKey: "renewed" });
    const made = await makeInSession(deps, found, renewed);
    assert.deepEqual([made.connectionId, made.isNew], ["one", false]);
    const connection = await shown("erp", "one");
    assert.deepEqual(connection.credentials, { type: "API_KEY", apiKey: "renewed" });
    assert.deepEqual(connection.connection_config, { old: "1", both: "new" });
    assert.deepEqual(connection.tags, { team: "red" });
    const { syncs } = await api.must("GET", "/sync/status?provider_config_key=erp&syncs=*&connection_id=one");
    const states = syncs.map((sync: { status: string }) => sync.status);
    assert.deepEqual(states, ["PAUSED"]);
  });

  await t.test(
    "a connection that a function refuses is not there, the app hears why, and the session goes on",
    async () => {
      await api.db.query("update syncline.environments set webhook_url_primary = 'http://127.0.0.1:1/hook'");
      await api.deploy(await compileTexts({ "judged/on-events/look.ts": LOOK }), "single");
      const { found, find } = await session({ tags: { judged: "yes" } });
      const refused = makeInSession(deps, found, await given("judged", { apiKey: "bad" }));
      await assert.rejects(refused, { code: "connection_validation_failed", message: "this key is bad" });
      assert.equal((await find())?.id, found.id);
      const [told] = await api.db.query("select body::jsonb as body from syncline.outbox order by id desc limit 1");
      const { operation, success, error, tags } = told!.body as Record<string, unknown>;
      assert.deepEqual([operation, success, tags], ["creation", false, { judged: "yes" }]);
      assert.deepEqual(error, { type: "connection_validation_failed", description: "this key is bad" });
      assert.deepEqual((await api.must("GET", "/connections?tags[judged]=yes")).connections, []);
      assert.equal((await makeInSession(deps, found, await given("judged"))).isNew, true);
      assert.equal(await find(), null);
    },
  );
});
