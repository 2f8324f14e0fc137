// sql/59_connect_session.sql: sessions in which end users connect.
import assert from "node:assert/strict";
import {
  createConnectSession,
  deleteConnectSession,
  findConnectSession,
  unknownIntegrations,
} from "../../src/db/connect-sessions.ts";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";

const HASH = Buffer.alloc(32, 7);

const make = (w: World, environment: number, connection: number | null = null) =>
  createConnectSession(w.db, {
    environment,
    tokenHash: HASH,
    connection: connection as number,
    allowedIntegrations: null as never,
    endUser: null,
    tags: { team: "red" },
    defaults: {},
    overrides: {},
    webhookUrlOverride: null as never,
  });
const find = (w: World) => findConnectSession(w.db, { tokenHash: HASH });

sqlTests("59_connect_session", {
  "a session is there for half an hour, or until it is deleted": async (w) => {
    const { environment } = await makeSync(w);
    assert.match(await make(w, environment), /^2026-03-01T00:30:00/);
    const found = await find(w);
    assert.deepEqual([found?.environment_id, found?.tags], [environment, { team: "red" }]);
    await w.forward("29 min 59 s");
    assert.notEqual(await find(w), null);
    await w.forward("1 s");
    assert.equal(await find(w), null);
    assert.equal(await deleteConnectSession(w.db, { id: found?.id as number }), true);
    assert.equal(await deleteConnectSession(w.db, { id: found?.id as number }), false);
  },
  "a session that renews a connection ends with it": async (w) => {
    const { environment, connection } = await makeSync(w);
    await make(w, environment, connection);
    assert.match((await find(w))?.connection_id ?? "", /^customer/);
    await w.q("select syncline.discard_connection($1)", [connection]);
    assert.equal(await find(w), null);
  },
  "integrations of other environments are unknown, and deleted ones": async (w) => {
    const [own, other] = [await makeSync(w), await makeSync(w)];
    const nameOf = (id: number) => w.one("select unique_key from syncline.integrations where id = $1", [id]);
    const [mine, theirs] = [await nameOf(own.integration), await nameOf(other.integration)];
    const unknown = () => unknownIntegrations(w.db, { environment: own.environment, names: [mine, theirs] });
    assert.deepEqual(await unknown(), [theirs]);
    await w.q("update syncline.integrations set deleted_at = syncline.now() where id = $1", [own.integration]);
    assert.deepEqual(await unknown(), [mine, theirs].sort());
  },
});
