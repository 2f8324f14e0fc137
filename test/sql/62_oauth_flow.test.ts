// sql/62_oauth_flow.sql: end users on their way to a provider and back.
import assert from "node:assert/strict";
import { createConnectSession, deleteConnectSession } from "../../src/db/connect-sessions.ts";
import { beginOAuthFlow, findFlowResults, finishOAuthFlow, takeOAuthFlow } from "../../src/db/oauth-flows.ts";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";

const bytes = (fill: number): Buffer => Buffer.alloc(32, fill);
const STATE = bytes(1);
const BROWSER = bytes(2);
const CLIENT = bytes(3);

const makeSession = async (w: World, environment: number): Promise<number> => {
  await createConnectSession(w.db, {
    environment,
    tokenHash: bytes(9),
    connection: null,
    allowedIntegrations: null,
    endUser: null,
    tags: {},
    defaults: {},
    overrides: {},
    webhookUrlOverride: null,
  });
  return await w.one("select id from syncline.connect_sessions where environment_id = $1", [environment]);
};

const begin = async (w: World, over: { session?: number; environment?: number } = {}) => {
  const ids = await makeSync(w);
  const session = over.session ?? (await makeSession(w, ids.environment));
  const expiresAt = await beginOAuthFlow(w.db, {
    environment: over.environment ?? ids.environment,
    integration: ids.integration,
    session,
    kind: "oauth2",
    stateHash: STATE,
    browserHash: BROWSER,
    wsClientHash: CLIENT,
    redirectUri: "https://sync.example/oauth/callback",
    secretsSealed: Buffer.from("sealed"),
  });
  return { ...ids, session, expiresAt };
};

const take = (w: World, over: object = {}) => takeOAuthFlow(w.db, { stateHash: STATE, browserHash: BROWSER, ...over });
const results = (w: World, client = CLIENT) => findFlowResults(w.db, { wsClientHashes: [bytes(8), client] });

sqlTests("62_oauth_flow", {
  "a flow is taken once, by its state and its browser together": async (w) => {
    const { environment } = await begin(w);
    assert.equal(await take(w, { stateHash: bytes(7) }), null);
    assert.equal(await take(w, { browserHash: bytes(7) }), null);
    const taken = await take(w);
    assert.deepEqual([taken?.environment_id, String(taken?.secrets_sealed)], [environment, "sealed"]);
    assert.deepEqual(taken?.session_token_hash, bytes(9));
    assert.equal(await take(w), null);
  },
  "the way back is open for ten minutes, and not longer than the session": async (w) => {
    const { expiresAt, session } = await begin(w);
    assert.match(expiresAt, /^2026-03-01T00:10:00/);
    await w.forward("10 min");
    assert.equal(await take(w), null);
    await w.q("delete from syncline.oauth_flows");
    await w.at("2026-03-01T00:25:00Z");
    const [flow] = await w.q("select environment_id, i.id from syncline.integrations i order by i.id desc limit 1");
    const args = { environment: flow?.environment_id, integration: flow?.id, session, kind: "oauth2" };
    const rest = { stateHash: STATE, browserHash: BROWSER, wsClientHash: null, redirectUri: "x", secretsSealed: null };
    assert.match(await beginOAuthFlow(w.db, { ...args, ...rest }), /^2026-03-01T00:30:00/);
  },
  "a session that ended takes its flows with it, and begins none": async (w) => {
    const { session } = await begin(w);
    await deleteConnectSession(w.db, { id: session });
    assert.equal(await take(w), null);
    await w.q("delete from syncline.oauth_flows");
    await w.refuses("SL005", /the session has ended/, () => begin(w, { session }));
  },
  "a session begins flows of its own environment only": async (w) => {
    const other = await makeSync(w);
    const session = await makeSession(w, other.environment);
    await w.refuses("SL005", /the session has ended/, () => begin(w, { session }));
    await w.refuses("SL005", /the session has ended/, () => begin(w, { session, environment: other.environment }));
  },
  "a flow of a deleted integration is not taken": async (w) => {
    const { integration } = await begin(w);
    await w.q("update syncline.integrations set deleted_at = syncline.now() where id = $1", [integration]);
    assert.equal(await take(w), null);
  },
  "how it ended is found by who waits for it, and its secrets are gone": async (w) => {
    await begin(w);
    const { id } = (await take(w))!;
    assert.deepEqual(await results(w), []);
    const end = (connection: string | null, errorType: string | null) =>
      finishOAuthFlow(w.db, { id, connection, isPending: false, errorType, errorDesc: "x".repeat(600) });
    await end(null, "access_denied");
    await end("late", null); // it ended already
    const [result] = await results(w);
    assert.deepEqual(
      [result?.error_type, result?.error_desc?.length, result?.connection_name],
      ["access_denied", 500, null],
    );
    assert.deepEqual(await results(w, bytes(4)), []);
    assert.equal(await w.one("select secrets_sealed from syncline.oauth_flows"), null);
  },
  "who waits for a flow that was taken and forgotten is told so after five minutes": async (w) => {
    await begin(w);
    await take(w);
    await w.forward("5 min");
    assert.deepEqual(await results(w), []);
    await w.forward("1 s");
    assert.deepEqual(
      (await results(w)).map(({ error_type }) => error_type),
      ["server_error"],
    );
  },
  "flows are deleted a day after their end": async (w) => {
    await begin(w);
    await w.forward("1 day 10 min");
    assert.equal(await w.one("select syncline.tidy_oauth_flows(10)"), 0);
    await w.forward("1 s");
    assert.equal(await w.one("select syncline.tidy_oauth_flows(10)"), 1);
  },
});
