// A connection from its making to its end, as the published client and frontend see it: what it carries, whom it tells, what
// functions do with it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { searchDump } from "../helpers/dump.ts";
import { compileTexts } from "../helpers/installation.ts";
import { DEV_KEY, syncFunction, testApi } from "../http/api.ts";

const onEvent = (event: string, exec: string): string => `
import { createOnEvent } from "syncline";
export default createOnEvent({ description: "An event", version: "1.0.0", event: "${event}", exec: async (nango) => {
${exec}
} });
`;

const FUNCTIONS = {
  "gated/on-events/look.ts": onEvent(
    "validate-connection",
    `if ((await nango.getToken()).apiKey.includes("bad")) throw new nango.ActionError({ error: "this key is bad" });`,
  ),
  "gated/on-events/greet.ts": onEvent("post-connection-creation", `await nango.log("welcome");`),
};

test("the life of a connection", async (t) => {
  const api = await testApi(t);
  const nango = new Nango({ host: api.url, secretKey: DEV_KEY });
  await api.integrate("crm");
  await api.integrate("gated");
  await api.must("PATCH", "/environment/webhooks", { body: { primary_url: "https://app.example/hook" } });
  const idsOf = async (filter: Parameters<Nango["listConnections"]>[0]) =>
    (await nango.listConnections(filter)).connections.map(({ connection_id }) => connection_id).sort();
  // What its types call the query is in the path too.
  const named = (connectionId: string) => ({ connectionId, provider_config_key: "crm" });
  /** Refused with this status and code, by the client's error. */
  const refuses = async (work: Promise<unknown>, status: number, code: string) =>
    await assert.rejects(work, ({ response }) => {
      assert.deepEqual([response.status, response.data.error.code], [status, code]);
      return true;
    });

  await t.test("metadata of several is replaced or merged, of all or of none", async () => {
    for (const id of ["a", "b"]) await api.connect("crm", id, { metadata: { old: id } });
    const both = async () => [await nango.getMetadata("crm", "a"), await nango.getMetadata("crm", "b")];
    await nango.updateMetadata("crm", ["a", "b"], { plan: { seats: 3 } });
    const merged = ["a", "b"].map((old) => ({ old, plan: { seats: 3 } }));
    assert.deepEqual(await both(), merged);
    for (const write of [nango.setMetadata, nango.updateMetadata])
      await refuses(write.call(nango, "crm", ["a", "gone", "b"], { lost: true }), 404, "unknown_connection");
    assert.deepEqual(await both(), merged);
    await nango.setMetadata("crm", ["a", "b"], { plan: "gold" });
    assert.deepEqual(await both(), [{ plan: "gold" }, { plan: "gold" }]);
  });

  await t.test("tags are replaced as a whole, lower-cased by name, found by, and ten at most", async () => {
    const tags = async (id: string) => (await nango.getConnection("crm", id)).tags;
    const patch = (id: string, body: Parameters<Nango["patchConnection"]>[1]) => nango.patchConnection(named(id), body);
    await patch("a", { tags: { TEAM: "Red", tier: "1" } });
    assert.deepEqual(await tags("a"), { team: "Red", tier: "1" });
    await patch("b", { tags: { Team: "Red" } });
    assert.deepEqual(
      [await idsOf({ tags: { team: "Red" } }), await idsOf({ tags: { team: "Red", tier: "1" } })],
      [["a", "b"], ["a"]],
    );
    const many = (count: number) => ({
      tags: Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, "x"])),
    });
    await refuses(patch("a", many(11)), 400, "invalid_body");
    assert.deepEqual(await tags("a"), { team: "Red", tier: "1" });
    await patch("a", many(10));
    assert.deepEqual(await tags("a"), many(10).tags);
  });

  await t.test("an end user is shown, found by, and makes tags that explicit ones lie over", async () => {
    const organization = { id: "o1", display_name: "Org" };
    const end_user = { id: "u1", email: "u@x.example", display_name: "U", organization };
    await api.connect("crm", "user", { end_user, tags: { end_user_email: "other@x.example" } });
    const { tags, end_user: shown } = await nango.getConnection("crm", "user");
    assert.partialDeepStrictEqual(tags, {
      end_user_id: "u1",
      end_user_email: "other@x.example",
      organization_id: "o1",
    });
    assert.partialDeepStrictEqual(shown, { id: "u1", email: "u@x.example", organization: { id: "o1" } });
    assert.deepEqual(await idsOf({ tags: { end_user_id: "u1" } }), ["user"]);
  });

  await t.test("its webhooks go where it says, of auth and of syncs, until that is cleared", async () => {
    const own = "https://own.example/hook";
    await api.deploy([syncFunction("crm", "contacts")]);
    await api.db.query("update syncline.runs set due_at = due_at + interval '1 year' where state = 'ready'");
    await api.db.query("delete from syncline.outbox");
    await api.connect("crm", "own", { webhook_url_override: own });
    const sent = async () =>
      (await api.db.query("select body::jsonb ->> 'type' as type, url from syncline.outbox order by id")).map(
        ({ type, url }) => `${type} ${url}`,
      );
    const sync = async () => {
      await nango.triggerSync("crm", ["contacts"], "own");
      const lease = await api.claim();
      await api.save(lease, "Contact", [{ id: crypto.randomUUID(), name: "n" }]);
      await api.finish(lease);
    };
    await sync();
    assert.deepEqual(await sent(), [`auth ${own}`, `sync ${own}`]);
    await nango.patchConnection(named("own"), { webhook_url_override: "" });
    await sync();
    await sync();
    assert.equal((await sent()).at(-1), "sync https://app.example/hook");
  });

  await t.test("a refusal leaves its connect session usable, and what is made in it is greeted once", async () => {
    await api.deploy(await compileTexts(FUNCTIONS), "all");
    const { data } = await nango.createConnectSession({ tags: { team: "red" } });
    const direct = (apiKey: string) =>
      api.call(
        "POST",
        `/api-auth/api-key/gated?connect_session_token=${data.token}&params[baseUrl]=https://acme.example`,
        { body: { apiKey }, key: null },
      );
    const bad = await direct("bad");
    assert.deepEqual(
      [bad.status, bad.body.error],
      [400, { code: "connection_validation_failed", message: "this key is bad" }],
    );
    assert.deepEqual(await idsOf({ integrationId: "gated" }), []);
    const good = await direct("good");
    assert.deepEqual([good.status, good.body.providerConfigKey], [200, "gated"]);
    assert.equal((await direct("again")).status, 401, "the first connection ends the token");
    await api.connect("gated", "imported");
    await api.connect("gated", "imported");
    assert.deepEqual(await idsOf({ integrationId: "gated" }), [good.body.connectionId, "imported"].sort());
    const greeted = await api.db.query(
      `select n.connection_id as id from syncline.runs r join syncline.functions f on f.id = r.function_id
         join syncline.connections n on n.id = r.connection_id where f.name = 'greet'`,
    );
    assert.deepEqual(greeted.map(({ id }) => id).sort(), [good.body.connectionId, "imported"].sort());
  });

  await t.test("neither a key nor a session's token is anywhere in the database", async () => {
    const { data: key } = await api.must("POST", "/environment/api-keys", { body: { display_name: "app" } });
    const { data: session } = await nango.createConnectSession({ tags: { team: "red" } });
    assert.equal((await api.call("GET", "/connections", { key: key.secret })).status, 200);
    assert.equal((await api.call("GET", "/connect/session", { key: session.token })).status, 200);
    const bare = session.token.slice(-64);
    const { found, rows } = await searchDump(api.db.url, [key.secret, session.token, bare]);
    assert.deepEqual(found, []);
    assert.ok(rows > 50, `${rows} rows`);
  });
});
