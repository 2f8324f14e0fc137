// Walks of what writes records and reads them back.
import assert from "node:assert/strict";
import type { Walk } from "./walk.ts";

export const recordWalks: Walk[] = [
  {
    members: ["batchSave", "batchSend"],
    body: `const row = { id: "1", at: new Date(0), nested: { list: [1] }, _nango_metadata: { x: 1 } };
      await nango.batchSave([row, { id: 2, none: undefined }], "$M");
      await nango.batchSend([{ id: "3" }], "$M");
      await report([await nango.batchSave([], "$M"), "_nango_metadata" in row]);`,
    check: async ({ records, reported }) => {
      const { report: _report, ...rows } = await records();
      const first = { id: "1", at: "1970-01-01T00:00:00.000Z", nested: { list: [1] } };
      assert.deepEqual([rows, reported], [{ 1: first, 2: { id: "2" }, 3: { id: "3" } }, [true, true]]);
    },
  },
  {
    members: ["batchUpdate"],
    body: `await nango.batchSave([{ id: "1", a: { b: 1, list: [1, 2] } }, { id: "2", a: 1 }], "$M");
      await nango.batchDelete([{ id: "2" }], "$M");
      await nango.batchUpdate([{ id: "1", a: { c: 2, list: [3] } }, { id: "2", a: 2 }, { id: "none", a: 3 }], "$M");`,
    check: async ({ records }) => {
      assert.deepEqual(await records(), {
        1: { id: "1", a: { b: 1, c: 2, list: [3] } },
        2: { id: "2", a: 1, deleted: true },
      });
    },
  },
  {
    members: ["batchDelete"],
    body: `await nango.batchSave([{ id: "1", name: "kept" }, { id: "2" }], "$M");
      await nango.batchDelete([{ id: "1", name: "other", deletedAt: "2026-01-02T03:04:05Z" }, { id: "new" }], "$M");`,
    check: async ({ records, query, connection }) => {
      assert.deepEqual((await records())["1"], { id: "1", name: "kept", deleted: true }, "the payload stays");
      const [row] = await query(
        `select r.deleted_at from syncline.records r join syncline.streams s on s.id = r.stream_id
          where s.connection_id = $1 and r.external_id = '1'`,
        [connection],
      );
      assert.equal(row?.deleted_at, "2026-01-02T03:04:05.000000+00:00");
    },
  },
  {
    members: ["getRecordsByIds"],
    body: `await nango.batchSave(Array.from({ length: 250 }, (_, i) => ({ id: String(i), n: i })), "$M");
      await nango.batchDelete([{ id: "7" }], "$M");
      const found = await nango.getRecordsByIds([...Array.from({ length: 240 }, (_, i) => i), "241", "none"], "$M");
      await report({ size: found.size, number: found.get(5).n, text: found.get("5")?.n ?? "no", last: found.get("241").n,
        deleted: found.get(7)._nango_metadata.last_action, id: typeof found.get(5).id, nobody: (await nango.getRecordsByIds([], "$M")).size });`,
    check: ({ reported }) => {
      const expected = { size: 241, number: 5, text: "no", last: 241, deleted: "DELETED", id: "string", nobody: 0 };
      assert.deepEqual(reported, expected);
    },
  },
  {
    members: ["listRecords"],
    body: `await nango.batchSave(Array.from({ length: 250 }, (_, i) => ({ id: String(i) })), "$M");
      await nango.batchDelete([{ id: "0" }], "$M");
      const ids = [];
      let middle;
      for await (const record of nango.listRecords("$M")) {
        ids.push(record.id);
        if (ids.length === 120) middle = record._nango_metadata.cursor;
      }
      const rest = [];
      for await (const { id } of nango.listRecords("$M", { cursor: middle })) rest.push(id);
      await report({ count: new Set(ids).size, last: ids.at(-1), rest: rest.length, isEnd: ids.slice(120).join() === rest.join() });`,
    check: ({ reported }) => assert.deepEqual(reported, { count: 250, last: "0", rest: 130, isEnd: true }),
  },
  {
    members: ["trackDeletesStart", "trackDeletesEnd"],
    body: `await nango.trackDeletesStart("$M");
      const isFirst = nango.lastSyncDate === undefined;
      await nango.batchSave(isFirst ? [{ id: "1" }, { id: "2" }, { id: "3", a: 1 }] : [{ id: "1" }, { id: "report" }], "$M");
      if (!isFirst) await nango.batchUpdate([{ id: "3", a: 1 }], "$M");
      const ended = await nango.trackDeletesEnd("$M");
      await report(ended);`,
    check: async ({ reported, again }) => {
      assert.deepEqual(reported, { deletedKeys: [] });
      const second = await again();
      assert.deepEqual(second.reported, { deletedKeys: ["2"] }, "an update that changed nothing was seen, too");
      assert.deepEqual(
        Object.entries(await second.records()).filter(([, { deleted }]) => deleted),
        [["2", { id: "2", deleted: true }]],
      );
    },
  },
  {
    members: ["deleteRecordsFromPreviousExecutions"],
    body: `const isFirst = nango.lastSyncDate === undefined;
      await nango.batchSave(isFirst ? [{ id: "1" }, { id: "2" }, { id: "3" }] : [{ id: "1" }, { id: "3", a: 1 }, { id: "4" }, { id: "report" }], "$M");
      const first = await nango.deleteRecordsFromPreviousExecutions("$M");
      await report([first]);`,
    check: async ({ reported, again, query, connection }) => {
      assert.deepEqual(reported, [{ deletedKeys: [] }]);
      const second = await again();
      assert.deepEqual(second.reported, [{ deletedKeys: ["2"] }]);
      const open =
        "select from syncline.refreshes r join syncline.streams s on s.id = r.stream_id where s.connection_id = $1";
      assert.equal((await query(`${open} and r.ended_at is null`, [connection])).length, 0);
    },
  },
  {
    members: ["setMergingStrategy"],
    body: `await nango.setMergingStrategy({ strategy: "ignore_if_modified_after" }, "$M");
      await nango.setMergingStrategy({ strategy: "override" }, "$M");
      await nango.batchSave([{ id: "1" }], "$M");`,
    check: async ({ again, query }) => {
      const { run, logged } = await again();
      const [row] = await query("select not_after from syncline.run_streams where run_id = $1", [run.id]);
      assert.equal(row?.not_after, 1, "newer changes than the only record's win");
      assert.equal((await logged("the first call stands"))[0]?.level, "warn");
    },
  },
  {
    members: ["getCheckpoint", "saveCheckpoint"],
    options: "checkpoint: z.object({ at: z.string(), page: z.number() }),",
    body: `const before = await nango.getCheckpoint();
      await nango.saveCheckpoint({ at: new Date(0), page: 1 });
      const refused = [];
      for (const wrong of [{ at: null }, { at: "x".repeat(4001) }, { at: [] }, Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, i]))]) {
        try { await nango.saveCheckpoint(wrong); } catch (error) { refused.push(error.code); }
      }
      await report({ before, after: await nango.getCheckpoint(), refused });`,
    check: async ({ reported, query, connection }) => {
      const after = { at: "1970-01-01T00:00:00.000Z", page: 1 };
      assert.deepEqual(reported, { before: null, after, refused: Array(4).fill("SL004") });
      const rows = await query("select kind, value from syncline.checkpoints where connection_id = $1", [connection]);
      assert.deepEqual(rows, [{ kind: "sync", value: after }]);
    },
  },
  {
    members: ["clearCheckpoint"],
    body: `await nango.clearCheckpoint();
      await nango.saveCheckpoint({ page: 1 });
      await nango.clearCheckpoint();
      await nango.clearCheckpoint();
      await report(await nango.getCheckpoint());`,
    check: async ({ reported, query, connection }) => {
      assert.equal(reported, null);
      const rows = await query("select from syncline.checkpoints where connection_id = $1", [connection]);
      assert.equal(rows.length, 0);
    },
  },
];
