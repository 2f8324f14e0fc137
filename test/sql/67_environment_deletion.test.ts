// sql/67_environment_deletion.sql: the end of an environment.
import assert from "node:assert/strict";
import { deleteEnvironment } from "../../src/db/environments.ts";
import { appendLogs } from "../../src/db/logs.ts";
import { makeRun, makeSync, saveAll, sqlTests, type World } from "../helpers/world.ts";

const rowsOf = async (w: World, environment: number): Promise<string[]> => {
  const tables = await w.q(
    `select table_name as name from information_schema.columns
      where table_schema = 'syncline' and column_name = 'environment_id' and table_name !~ '^logs_' order by 1`,
  );
  const found = [];
  for (const { name } of tables) {
    const count = await w.one(`select count(*)::int from syncline.${name} where environment_id = $1`, [environment]);
    if (count > 0) found.push(name);
  }
  return found;
};

const sweep = async (w: World): Promise<void> => {
  for (let n = 0; n < 50; n++) if (!(await w.one("select has_more from syncline.tidy()"))) return;
  throw new Error("housekeeping does not come to an end");
};

sqlTests("67_environment_deletion", {
  "nothing of an environment is left once housekeeping has been through, and nothing of another is touched": async (
    w,
  ) => {
    const other = await makeRun(w);
    const { ids, fence, stream } = await makeRun(w);
    for (const run of [{ fence, stream }, other])
      await saveAll(w.db, { ...run.fence, stream: run.stream }, { a: "1", b: "2" });
    await w.q("select syncline.finish_run($1, $2)", [fence.run, fence.token]);
    const line = { at: "2026-03-01T00:00:00Z", kind: "message", level: "info", message: "x" } as const;
    await appendLogs(w.db, {
      rows: [ids, other.ids].map(({ environment }) => ({ ...line, environment_id: environment })),
    });
    const before = await rowsOf(w, other.ids.environment);
    assert.ok((await rowsOf(w, ids.environment)).includes("outbox"));

    await deleteEnvironment(w.db, { id: ids.environment });
    const left = await rowsOf(w, ids.environment);
    for (const gone of ["api_keys", "data_keys", "environment_variables", "connect_sessions"])
      assert.ok(!left.includes(gone));
    await sweep(w);
    assert.deepEqual(await rowsOf(w, ids.environment), ["audit_log", "audit_overview"], "who did what is still known");
    assert.equal(await w.one("select count(*)::int from syncline.environments where id = $1", [ids.environment]), 0);
    assert.deepEqual(await rowsOf(w, other.ids.environment), before);
    assert.equal(await w.one("select count(*)::int from syncline.records"), 2);
  },
  "prod stays, and what is deleted is not deleted again": async (w) => {
    const { environment: id } = await makeSync(w);
    await w.q("update syncline.environments set name = 'prod' where id = $1", [id]);
    await w.refuses("SL005", /prod cannot be deleted/, () => deleteEnvironment(w.db, { id }));
    await w.q("update syncline.environments set name = 'other' where id = $1", [id]);
    await deleteEnvironment(w.db, { id });
    await w.refuses("SL002", /no such environment/, () => deleteEnvironment(w.db, { id }));
  },
  "housekeeping goes on where a deletion stopped": async (w) => {
    const { ids, fence } = await makeRun(w);
    await deleteEnvironment(w.db, { id: ids.environment });
    await sweep(w);
    assert.equal(await w.one("select count(*)::int from syncline.runs where id = $1", [fence.run]), 0);
  },
  "a webhook that waits to be sent is not sent any more": async (w) => {
    const { environment: id, connection } = await makeSync(w);
    await w.q("select syncline.announce_connection($1, 'creation')", [connection]);
    await deleteEnvironment(w.db, { id });
    assert.deepEqual(await w.q("select * from syncline.claim_deliveries(10)"), []);
  },
});
