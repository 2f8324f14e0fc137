// Received webhooks over REST and from the command line: looked at, handled once more, handed to a connection.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runSyncline } from "../commands/server.ts";
import { DEV_KEY, PROD_KEY, syncFunction, testApi } from "./api.ts";
import { receive } from "./received.ts";
import { sendTo } from "./webhook-ingress-world.ts";

test("received webhooks", async (t) => {
  const api = await testApi(t);
  const { db, keys, dev, must, call } = api;
  await db.query("update syncline.environments set webhook_url_primary = 'http://127.0.0.1:1/hook'");
  await api.integrate("crm");
  await api.deploy([syncFunction("crm", "contacts", { webhook_subscriptions: ["push"], has_on_webhook: true })]);
  await api.connect("crm", "ann", { metadata: { team: "T1" } });
  await api.connect("crm", "bob");
  const [row] = await db.query("select id from syncline.integrations where unique_key = 'crm'");
  const of = { environment: dev.id, integration: row!.id as number };
  const deps = { db: db.pool, keys };
  const handle = async () => {
    while ((await db.query("select has_more from syncline.handle_inbox(100)"))[0]!.has_more);
  };
  const secret = { authorization: "Bearer s3cret", "x-hub-signature": "s3cret", "x-kind": "push" };
  const anns = await receive(deps, {
    ...of,
    body: { of: "ann" },
    team: "T1",
    headers: secret,
    query: { token: "s3cret", a: "1" },
  });
  const nobodys = await receive(deps, { ...of, body: { of: "nobody" }, team: "T9" });
  const refused = await receive(deps, { ...of, body: { of: "somebody" }, reason: "signature_mismatch" });
  await handle();
  const ids = async (query: string) =>
    (await must("GET", `/events${query}`)).events.map(({ id }: { id: string }) => id);

  await t.test("they are listed by what became of them, page by page, each environment its own", async () => {
    assert.deepEqual(await ids(""), [refused, nobodys, anns]);
    assert.deepEqual(await ids("?matched=false"), [nobodys]);
    assert.deepEqual(await ids("?matched=true&event=push&connection_id=ann&provider_config_key=crm"), [anns]);
    assert.deepEqual(await ids("?verdict=refused"), [refused]);
    assert.deepEqual(await ids("?failed=true"), []);
    assert.deepEqual(await ids("?event=ping"), []);
    assert.deepEqual(await ids(`?until=${new Date(Date.now() - 60_000).toISOString()}`), []);
    const first = await must("GET", "/events?limit=2");
    assert.deepEqual(await ids(`?limit=2&cursor=${first.next_cursor}`), [anns]);
    assert.deepEqual((await must("GET", "/events", { key: PROD_KEY })).events, []);
  });

  await t.test("one is shown as it came, without what signs it, with calls, forwards and reasons", async () => {
    const event = await must("GET", `/events/${anns}`);
    assert.deepEqual(event.request, {
      method: "POST",
      path: "https://here.example/webhook/x/y",
      query: { token: "[redacted]", a: "1" },
      headers: { authorization: "[redacted]", "x-hub-signature": "[redacted]", "x-kind": "push" },
      encoding: "utf8",
      body: '{"of":"ann"}',
    });
    assert.deepEqual(event.matches, [
      { connection_id: "ann", provider_config_key: "crm", parts: [0], is_manual: false },
    ]);
    const [made] = event.calls;
    assert.deepEqual(
      [made.sync, made.connection_id, made.subscription, made.state],
      ["contacts", "ann", "push", "waiting"],
    );
    assert.deepEqual([event.forwards[0].state, event.forwards[0].connection_id], ["pending", "ann"]);
    assert.deepEqual(
      event.why.map(({ reason }: { reason: string }) => reason),
      ["call waits", "forward is pending"],
    );
  });

  await t.test(
    "one is handled once more, handed to a connection, and a whole time is; never by another environment",
    async () => {
      for (const path of ["", "/replay", "/attribute", "/judge"]) {
        const body = path === "/attribute" ? { connection_id: "ann" } : {};
        const other = await call(path === "" ? "GET" : "POST", `/events/${anns}${path}`, {
          key: PROD_KEY,
          ...(path !== "" && { body }),
        });
        assert.deepEqual([other.status, other.body.error.code], [404, "not_found"], path);
      }
      assert.deepEqual(await must("POST", `/events/${nobodys}/attribute`, { body: { connection_id: "bob" } }), {
        attributed: true,
      });
      assert.deepEqual(await ids("?connection_id=bob"), [nobodys]);
      const stranger = await call("POST", `/events/${nobodys}/attribute`, { body: { connection_id: "eve" } });
      assert.equal(stranger.body.error.code, "unknown_connection");
      assert.deepEqual(await must("POST", `/events/${anns}/replay`, { body: {} }), { replayed: true });
      assert.deepEqual(await must("POST", `/events/${anns}/replay`, { body: {} }), { replayed: false });
      await handle();
      assert.equal((await must("GET", `/events/${anns}`)).calls.length, 2);
      const hour = {
        from: new Date(Date.now() - 60_000).toISOString(),
        until: new Date(Date.now() + 60_000).toISOString(),
      };
      const replay = (more: object, key = DEV_KEY) =>
        must("POST", "/events/replay", { body: { ...hour, ...more }, key });
      assert.deepEqual(await replay({}, PROD_KEY), { count: 0, dry_run: false });
      assert.deepEqual(await replay({ dry_run: true, only: "unmatched" }), { count: 0, dry_run: true });
      assert.deepEqual(await replay({ connection_id: "ann", target: "functions" }), { count: 1, dry_run: false });
      assert.equal((await call("POST", "/events/replay", { body: { from: hour.from } })).status, 400);
      const again = await call("POST", `/events/${refused}/replay`, { body: {} });
      assert.deepEqual([again.status, again.body.error.code], [409, "cannot_handle_event"]);
      assert.match(again.body.error.message, /judged again/);
      await handle();
    },
  );

  await t.test("a refused one is judged again with the secret of now, and then handled", async () => {
    const secretIs = (webhookSecret: string) =>
      must("PATCH", "/integrations/crm", { body: { custom: { webhookSecret } } });
    const [environment] = await db.query("select uid from syncline.environments where id = $1", [dev.id]);
    await secretIs("wrong");
    const to = `${api.url}/webhook/${environment!.uid}/crm?nangoConnectionId=ann`;
    const sent = { id: "d1", body: '{"type":"push"}', secret: "right" };
    assert.equal((await sendTo(to, sent)).status, 401);
    const [uid] = await ids("?limit=1");
    const judged = () => call("POST", `/events/${uid}/judge`, { body: {} });
    assert.deepEqual((await judged()).body.reason, "signature_mismatch");
    await secretIs("right");
    assert.deepEqual((await judged()).body, { accepted: true, verdict: "verified", reason: null, message: null });
    assert.equal((await judged()).body.error.code, "cannot_handle_event");
    assert.equal((await sendTo(to, sent)).status, 200);
    await handle();
    const event = await must("GET", `/events/${uid}`);
    assert.deepEqual([event.calls[0].connection_id, event.duplicates], ["ann", 1], "sent again it is the same one");
  });

  await t.test("the command line does the same, for people and as JSON", async () => {
    const env = { SYNCLINE_URL: api.url, SYNCLINE_API_KEY: DEV_KEY };
    const run = async (...words: string[]) => (await runSyncline(t, ["webhooks", ...words], env)).out;
    assert.match(
      await run("inbox", "--refused", "--since", "1h"),
      new RegExp(`${refused} .* crm +refused +signature_mismatch\n$`),
    );
    assert.equal(await run("inbox", "--unmatched"), "Nothing.\n");
    assert.match(
      await run("event", anns),
      /^crm: push, received .*, verified\n\n- call waits: .*\n[\s\S]*\{"of":"ann"\}\n$/,
    );
    assert.equal(JSON.parse(await run("replay-event", anns, "--json")).replayed, true);
    assert.equal(
      await run("replay-events", "--from", "1h", "--until", "0s", "--dry-run"),
      "2 events would be handled once more.\n",
    );
    assert.equal(await run("attribute", anns, "bob"), "It is for bob.\n");
  });
});
