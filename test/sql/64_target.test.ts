// 64_target.sql: what a worker loads to work on a run.
import assert from "node:assert/strict";
import * as runs from "../../src/db/runs.ts";
import { findBundle, loadConnection, writeMetadata } from "../../src/db/targets.ts";
import { makeRun, makeSync, sqlTests } from "../helpers/world.ts";

sqlTests("64_target", {
  "a function's code is found by its id": async (w) => {
    const ids = await makeSync(w);
    assert.equal(await findBundle(w.db, { function: ids.function }), "code");
    assert.equal(await findBundle(w.db, { function: 999_999 }), null);
  },
  "a connection is loaded with its integration's names, and not once it is deleted": async (w) => {
    const ids = await makeSync(w);
    const found = await loadConnection(w.db, { connection: ids.connection });
    assert.deepEqual(
      [found?.id, found?.environment_id, found?.provider, found?.metadata],
      [ids.connection, ids.environment, "acme", {}],
    );
    await w.q("update syncline.connections set deleted_at = syncline.now() where id = $1", [ids.connection]);
    assert.equal(await loadConnection(w.db, { connection: ids.connection }), null);
  },
  "metadata is replaced, or merged at the top level": async (w) => {
    const { fence } = await makeRun(w);
    const write = (metadata: unknown, merge: boolean) => writeMetadata(w.db, { ...fence, metadata, merge });
    assert.deepEqual(await write({ a: { x: 1 }, b: 1 }, false), { a: { x: 1 }, b: 1 });
    assert.deepEqual(await write({ a: { y: 2 } }, true), { a: { y: 2 }, b: 1 });
    assert.deepEqual(await write({ c: null }, false), { c: null });
    for (const metadata of [null, [1], "text"])
      await w.refuses("SL004", /^metadata must be an object$/, () => write(metadata, true));
  },
  "a stale token writes no metadata": async (w) => {
    const { fence } = await makeRun(w);
    await runs.cancelRun(w.db, { run: fence.run });
    await w.refuses("SL001", /^lease lost$/, () => writeMetadata(w.db, { ...fence, metadata: { a: 1 }, merge: true }));
  },
});
