// sql/59_connect_session.sql: sessions in which end users connect.
import assert from "node:assert/strict";
import {
  createConnectSession,
  deleteConnectSession,
  findConnectSession,
  releaseConnectSession,
  unknownIntegrations,
  useConnectSession,
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
/** As what was begun in a session finds it again, whenever that is. */
const load = (w: World, id: number) => w.q("select l.id from syncline.load_connect_session($1) l", [id]);

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
  "a session ends with the connection that is made in it, unless that is refused after all": async (w) => {
    const { environment, connection } = await makeSync(w);
    await make(w, environment);
    const id = (await find(w))?.id as number;
    await useConnectSession(w.db, { id, connection });
    assert.deepEqual([await find(w), await load(w, id)], [null, []]);
    await w.refuses("SL005", /session ended/, () => useConnectSession(w.db, { id, connection }));
    await releaseConnectSession(w.db, { id, connection: connection + 1 });
    assert.equal(await find(w), null, "another connection's end is not taken back");
    await releaseConnectSession(w.db, { id, connection });
    assert.equal((await find(w))?.id, id);
  },
  "a session that renews a connection ends with no other one": async (w) => {
    const ids = await makeSync(w);
    const { environment, connection } = ids;
    const other = await makeSync(w, { beside: ids });
    await make(w, environment, connection);
    const id = (await find(w))?.id as number;
    await w.refuses("SL005", /session ended/, () => useConnectSession(w.db, { id, connection: other.connection }));
    await useConnectSession(w.db, { id, connection });
  },
  "what was begun in a session's time may be finished after it": async (w) => {
    const { environment, connection } = await makeSync(w);
    await make(w, environment);
    const id = (await find(w))?.id as number;
    await w.forward("31 min");
    assert.equal(await find(w), null);
    assert.deepEqual(await load(w, id), [{ id }]);
    await useConnectSession(w.db, { id, connection });
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
