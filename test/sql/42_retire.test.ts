// 42_retire.sql: dropping the records of whole streams at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openStream } from "../../src/db/records.ts";
import { testDatabase } from "../helpers/database.ts";
import { until } from "../helpers/until.ts";
import { makeRun, worldOn } from "../helpers/world.ts";

test("streams are retired in the order of their ids, so that a writer to several of them is not met half-way", async (t) => {
  const { pool, query } = await testDatabase(t);
  const [writer, retiring] = [await pool.connect(), await pool.connect()];
  try {
    const { ids, fence, stream } = await makeRun(worldOn(writer), { models: ["Contact", "Company"] });
    const second = await openStream(writer, { ...fence, model: "Company" });
    await query("update syncline.streams set head = head + 1 where id = $1", [stream]); // now it lies behind the other
    const pid = (await retiring.query("select pg_backend_pid() as pid")).rows[0].pid;
    await writer.query("begin");
    await writer.query("select from syncline.streams where id = $1 for no key update", [stream]);
    const retired = retiring.query("select syncline.retire_streams($1, null, null) as count", [ids.connection]);
    await until("the other waits", async () => {
      const [row] = await query("select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1", [pid]);
      return row?.waits;
    });
    await writer.query("select from syncline.streams where id = $1 for no key update nowait", [second]);
    await writer.query("commit");
    assert.equal((await retired).rows[0].count, 2);
  } finally {
    writer.release();
    retiring.release();
  }
});
