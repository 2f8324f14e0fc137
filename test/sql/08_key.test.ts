// 08_key.sql: wrapped data keys.
import assert from "node:assert/strict";
import { findConnectionKey, findEnvironmentKey } from "../../src/db/keys.ts";
import { makeSync, sqlTests } from "../helpers/world.ts";

const INSERT =
  "insert into syncline.data_keys (environment_id, connection_id, wrapped, master_key_id) values ($1, $2, $3, 'm')";

sqlTests("08_key", {
  "an environment and each of its connections have keys of their own": async ({ db, q, one }) => {
    const ids = await makeSync({ q, one });
    await q(INSERT, [ids.environment, null, Buffer.from("environment")]);
    await q(INSERT, [ids.environment, ids.connection, Buffer.from("connection")]);
    const found = await findConnectionKey(db, { connection: ids.connection });
    assert.deepEqual([String(found?.wrapped), found?.master_key_id], ["connection", "m"]);
    assert.equal(String((await findEnvironmentKey(db, { environment: ids.environment }))?.wrapped), "environment");
  },
  "a shredded key is null": async ({ db, q, one }) => {
    const ids = await makeSync({ q, one });
    await q(INSERT, [ids.environment, ids.connection, Buffer.from("connection")]);
    await q("delete from syncline.data_keys where connection_id = $1", [ids.connection]);
    assert.equal(await findConnectionKey(db, { connection: ids.connection }), null);
    assert.equal(await findEnvironmentKey(db, { environment: ids.environment }), null);
  },
});
