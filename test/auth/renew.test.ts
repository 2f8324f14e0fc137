// Credentials stay fresh in one process: what users of a connection see when its token ends, is revoked, or cannot be renewed.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createRenewals } from "../../src/auth/renew.ts";
import { createRenewTask } from "../../src/jobs/renew-task.ts";
import { createLogger } from "../../src/log.ts";
import { compileTexts } from "../helpers/installation.ts";
import { startOidc, type TokenFault } from "../helpers/oidc.ts";
import { until } from "../helpers/until.ts";
import { of, testApi } from "../http/api.ts";
import { clientOf, imported } from "./renewal-world.ts";

const START = "2026-03-01T12:00:00Z";

const THRICE = `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({ description: "Asks three times", version: "1.0.0", input: z.any(), output: z.any(), exec: async (nango) => {
  const names = [];
  for (const n of [1, 2, 3]) names.push((await nango.get({ endpoint: "/me", params: { n: String(n) }, retries: 0 })).data.name);
  const token = await nango.getToken();
  const forced = (await nango.getConnection(undefined, undefined, { forceRefresh: true })).credentials.access_token;
  return { names, isForcedNew: forced !== token };
} });
`;

const ASKS = `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({ description: "Asks once", version: "1.0.0", input: z.any(), output: z.any(),
  exec: async (nango) => (await nango.get({ endpoint: "/me" })).data.name });
`;

const world = async (t: TestContext) => {
  const oidc = await startOidc(t);
  const api = await testApi(t, { catalogueFiles: [oidc.catalogueFile()] });
  await api.must("POST", "/integrations", {
    body: { provider: "oidc", unique_key: "oidc", credentials: clientOf(oidc) },
  });
  await api
    .must("PATCH", "/environment/webhooks", { body: { primary_url: "https://app.example/hook" } })
    .catch(() => {});
  const connect = async (name: string) =>
    api.must("POST", "/connections", {
      body: { provider_config_key: "oidc", connection_id: name, credentials: imported(await oidc.grant()) },
    });
  const get = (name: string, query = "") => api.call("GET", `/connections/${name}?provider_config_key=oidc${query}`);
  const proxy = (name: string) => api.call("GET", "/proxy/me", { headers: of("oidc", name) });
  let fault: TokenFault = null;
  oidc.onToken(() => fault);
  const setFault = (next: TokenFault) => {
    fault = next;
  };
  /** By whom credentials were read, the last first. */
  const readers = async (): Promise<string[]> => {
    const { entries } = await api.must("GET", "/audit-log?action=connection.credentials_read");
    return entries.map((one: Record<string, unknown>) => `${one.actor_kind} ${one.subject_name}`);
  };
  return { oidc, api, connect, get, proxy, setFault, readers };
};

test("a run whose token is revoked in its middle goes on with a new one, though it asked for no retries", async (t) => {
  const { oidc, api, connect, readers } = await world(t);
  await api.deploy(await compileTexts({ "oidc/actions/thrice.ts": THRICE, "oidc/actions/asks.ts": ASKS }));
  await connect("one");
  oidc.onApi(async (nth, token) => (nth === 2 ? await oidc.revoke(token) : undefined));
  const outcome = await api.call("POST", "/action/trigger", {
    body: { action_name: "thrice", input: {} },
    headers: of("oidc", "one"),
  });
  assert.deepEqual([outcome.status, outcome.body], [200, { names: ["ada", "ada", "ada"], isForcedNew: true }]);
  assert.deepEqual([oidc.counts.apiRequests, oidc.counts.refresh_token, oidc.counts.reuses], [4, 2, 0]);
  // It asked for its token and its connection: noted once. What only sends requests reads nothing.
  assert.deepEqual(await readers(), ["run oidc/one"]);
  const body = { action_name: "asks", input: {} };
  assert.equal((await api.call("POST", "/action/trigger", { body, headers: of("oidc", "one") })).body, "ada");
  assert.deepEqual(await readers(), ["run oidc/one"]);
});

test("what is not allowed at all is not a reason to renew again and again", async (t) => {
  const { oidc, api, connect, proxy } = await world(t);
  await connect("one");
  oidc.onApi(async (_nth, token) => await oidc.revoke(token));
  assert.equal((await proxy("one")).status, 401);
  assert.equal((await proxy("one")).status, 401);
  assert.deepEqual([oidc.counts.refresh_token, oidc.counts.apiRequests], [1, 3]);
  await api.db.clock.forward("30 s");
  assert.equal((await proxy("one")).status, 401);
  assert.equal(oidc.counts.refresh_token, 2);
});

test("a provider in trouble: the old token serves while it holds, then users are told, and all is well again by itself", async (t) => {
  const { oidc, api, connect, get, proxy, setFault, readers } = await world(t);
  const { db } = api;
  const webhooks = () =>
    db.query("select body from syncline.outbox where kind = 'auth' and body ->> 'operation' = 'refresh' order by id");
  await db.query("update syncline.environments set webhook_url_primary = 'https://app.example/hook'");
  await db.clock.set(START);
  await connect("one");
  // Imported now by the real clock, it ends in an hour by ours.
  await db.query("update syncline.connections set credentials_expire_at = syncline.now() + interval '1 hour'");
  await db.query("update syncline.connection_auth set renew_at = syncline.now() + interval '45 min'");
  assert.equal((await get("one")).status, 200);
  assert.equal(oidc.counts.tokenRequests, 1);

  setFault("503");
  await db.clock.forward("50 min");
  assert.equal((await proxy("one")).status, 200);
  assert.deepEqual([oidc.counts.tokenRequests, (await webhooks()).length], [2, 1]);
  const early = await get("one");
  assert.deepEqual([early.status, early.body.errors.length, early.body.errors[0].type], [200, 1, "auth"]);

  const shown = await readers();
  await db.clock.forward("1 hour");
  const failed = await get("one");
  assert.deepEqual([failed.status, failed.body.error.code], [400, "invalid_credentials"]);
  const { connection } = failed.body.error.payload;
  assert.deepEqual(
    [connection.connection_id, connection.credentials, connection.errors[0].type],
    ["one", undefined, "auth"],
  );
  const [line] = await db.query("select level, message from syncline.logs where id = $1", [
    connection.errors[0].log_id,
  ]);
  assert.equal(line?.level, "error");
  assert.match(line?.message, /gave no token, status 503: temporarily_unavailable/);
  const [, webhook] = await webhooks();
  assert.partialDeepStrictEqual(webhook?.body, { success: false, connectionId: "one", providerConfigKey: "oidc" });
  assert.equal(webhook?.body.error.type, "refresh_token_external_error");

  const asked = oidc.counts.tokenRequests;
  const soon = await get("one");
  assert.deepEqual([soon.status, soon.body.error.code], [424, "invalid_credentials"]);
  const proxied = await proxy("one");
  assert.deepEqual([proxied.status, proxied.body.error.code], [424, "connection_refresh_backoff"]);
  assert.equal(oidc.counts.tokenRequests, asked);
  assert.deepEqual(await readers(), shown, "noted, though nothing was shown");

  setFault(null);
  assert.equal((await get("one")).status, 424);
  const forced = await get("one", "&force_refresh=true");
  assert.deepEqual([forced.status, forced.body.errors], [200, []]);
  assert.equal((await proxy("one")).status, 200);
  assert.equal((await webhooks()).length, 2);
  assert.doesNotMatch(JSON.stringify(await webhooks()) + api.logged.join(), new RegExp(oidc.client.client_secret));
});

test("after failing on 4 days a connection is given up until it is connected anew", async (t) => {
  const { oidc, api, connect, get, proxy, setFault } = await world(t);
  const { clock, query } = api.db;
  await connect("one");
  await query("update syncline.connections set credentials_expire_at = syncline.now()");
  await query("update syncline.connection_auth set renew_at = syncline.now()");
  setFault("503");
  for (let day = 0; day < 4; day++) {
    assert.equal((await get("one")).status, 400);
    await clock.forward("1 day");
  }
  const asked = oidc.counts.tokenRequests;
  assert.deepEqual(
    [(await get("one")).status, (await proxy("one")).body.error.code],
    [424, "connection_refresh_exhausted"],
  );
  assert.equal(oidc.counts.tokenRequests, asked);
  setFault(null);
  await connect("one");
  const { status, body } = await get("one");
  assert.deepEqual([status, body.errors], [200, []]);
});

test("a refresh token that the provider takes no more is reported as such, and its secret nowhere", async (t) => {
  const { api, connect, get } = await world(t);
  await connect("one");
  const body = { type: "OAUTH2", access_token: "hush access", refresh_token: "hush refresh" };
  await api.must("POST", "/connections", {
    body: { provider_config_key: "oidc", connection_id: "one", credentials: body },
  });
  const { status, text } = await get("one", "&force_refresh=true");
  assert.equal(status, 400);
  assert.match(text, /invalid_grant/);
  const [row] = await api.db.query(
    "select error, due_at > syncline.now() + interval '12 h' as is_tomorrow from syncline.connection_auth",
  );
  assert.deepEqual([row?.error.is_final, row?.is_tomorrow], [true, true]);
  assert.doesNotMatch(text + JSON.stringify(row) + api.logged.join(), /hush/);
});

test("a process that got to the exchange only when its lease was about to end leaves the refresh token alone", async (t) => {
  const { oidc, api, connect } = await world(t);
  const { id } = await connect("one");
  const times = [0];
  const slow = createRenewals({ ...api.runs.auth, worker: "slow", elapsed: () => times.shift() ?? 25_000 });
  const wanted = { seen: 1, isForced: true };
  await assert.rejects(slow.renew(id, wanted), { code: "connection_refresh_backoff" });
  assert.equal(oidc.counts.refresh_token, 0);
  await api.runs.auth.renewals.renew(id, wanted);
  assert.equal(oidc.counts.refresh_token, 1, "the lease was given back");
});

test("each connection is renewed or tested daily, though nobody uses it", async (t) => {
  const { oidc, api, connect } = await world(t);
  const { clock, query } = api.db;
  for (const name of ["one", "two", "three"]) await connect(name);
  await clock.forward("1 day");
  const due = async () =>
    (await query("select count(*)::int as n from syncline.connection_auth where due_at <= syncline.now()"))[0]!.n;
  assert.equal(await due(), 3);
  const task = createRenewTask({
    db: api.db.pool,
    check: api.runs.checkCredentials,
    log: createLogger("silent"),
    isStopping: () => false,
  });
  await task();
  await until("all are renewed", () => oidc.counts.refresh_token === 3);
  await api.runs.auth.renewals.settled();
  await until("none is due", async () => (await due()) === 0);
  await clock.forward("15 min");
  assert.equal(await due(), 0);
  const [row] = await query(
    "select count(*)::int as n from syncline.connection_auth where version = 2 and error is null",
  );
  assert.equal(row?.n, 3);
});

test("a key is tested daily where the provider's entry says how: one that is refused is an error until it is taken", async (t) => {
  const oidc = await startOidc(t);
  const { access_token: apiKey } = await oidc.grant();
  const verification = { method: "GET", endpoints: ["/me"] };
  const proxy = { base_url: `${oidc.issuer}/api`, headers: { authorization: `Bearer $\{apiKey}` }, verification };
  const keyed = await testApi(t, { catalogueFiles: [oidc.catalogueFile({ auth_mode: "API_KEY", proxy })] });
  await keyed.must("POST", "/integrations", { body: { provider: "oidc", unique_key: "keyed" } });
  await keyed.connect("keyed", "one", { credentials: { type: "API_KEY", apiKey } });
  const [row] = await keyed.db.query("select id from syncline.connections");
  const errors = async () => (await keyed.call("GET", "/connections/one?provider_config_key=keyed")).body.errors.length;
  const asked = oidc.counts.apiRequests;
  await keyed.runs.checkCredentials(row!.id);
  assert.deepEqual([oidc.counts.apiRequests - asked, await errors()], [1, 0]);
  oidc.onApi(async () => await oidc.revoke(apiKey));
  await keyed.db.clock.forward("1 day");
  await keyed.runs.checkCredentials(row!.id);
  assert.equal(await errors(), 1);
  const { access_token: other } = await oidc.grant();
  oidc.onApi(async () => {});
  await keyed.connect("keyed", "one", { credentials: { type: "API_KEY", apiKey: other } });
  assert.equal(await errors(), 0);
});
