// Deleting a connection shreds what its data key sealed: in the process that deletes and in all others, within the time for
// which opened keys are remembered; and nothing of anybody else's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { credentialsPlace } from "../../src/crypto/places.ts";
import { open, openJson, seal } from "../../src/crypto/seal.ts";
import { deleteConnection } from "../../src/db/connections.ts";
import { inTransaction } from "../../src/db/tx.ts";
import { TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";
import { startProcess } from "../helpers/processes.ts";

const REMEMBERED_MS = 500;
const PLACE = "record:1:1";

test("after a deletion no process opens what the connection's key sealed, and what others sealed opens", async (t) => {
  const { db, environment, connect } = await testEngine(t);
  const [gone, stays] = [await connect("gone"), await connect("stays")];
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const fresh = () => createDataKeys({ db: db.pool, keyring, rememberedMs: REMEMBERED_MS });
  const keys = fresh();
  const sealed = seal(await keys.ofConnection(gone), "a secret", PLACE);
  const ofOther = seal(await keys.ofConnection(stays), "a secret", PLACE);
  const ofEnvironment = seal(await keys.ofEnvironment(environment), "a secret", PLACE);
  const [before] = await db.query("select credentials_sealed, id from syncline.connections where id = $1", [gone]);

  const given = { url: db.url, masterKey: TEST_MASTER_KEY.toString("base64"), connection: gone, place: PLACE };
  const args = [{ ...given, sealed: sealed.toString("base64"), rememberedMs: REMEMBERED_MS }].map((a) =>
    JSON.stringify(a),
  );
  const child = startProcess(t, { args: ["test/crypto/shredding-child.ts", ...args] });
  await child.line(({ outcome }) => outcome === "opened");

  const names = { environment, integration: "acme", connection: "gone" };
  await inTransaction(db.pool, (client) => deleteConnection(client, names));
  const deletedAt = Date.now();
  // Nobody who has not opened it before does so now, with all that the rows ever had.
  await assert.rejects(fresh().ofConnection(gone), { code: "not_found" });
  const end = await child.line(({ outcome }) => outcome !== "opened");
  assert.equal(end.outcome, "not_found");
  assert.equal(await child.exited, 0);
  const last = child.lines.filter(({ outcome }) => outcome === "opened").at(-1)!;
  const late = Number(last.at) - deletedAt - REMEMBERED_MS;
  assert.ok(late < 250, `it opened for ${late} ms longer than keys are remembered`); // a busy machine's timers
  await assert.rejects(keys.ofConnection(gone), { code: "not_found" });

  const [row] = await db.query("select credentials_sealed from syncline.connections where id = $1", [gone]);
  assert.equal(row!.credentials_sealed, null);
  for (const key of [await keys.ofConnection(stays), await keys.ofEnvironment(environment)]) {
    const place = credentialsPlace(environment, "acme", "gone");
    assert.throws(() => openJson(key, before!.credentials_sealed, place), { code: "server_error" });
    assert.throws(() => open(key, sealed, PLACE), { code: "server_error" });
  }
  assert.equal(open(await keys.ofConnection(stays), ofOther, PLACE), "a secret");
  assert.equal(open(await keys.ofEnvironment(environment), ofEnvironment, PLACE), "a secret");
});
