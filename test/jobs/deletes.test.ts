// Deletion tracking over whole runs: what a refresh did not see is deleted, also when it took several runs; the brake.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { approveDeletes, checkInvariants, createRun, discardDeletes } from "../../src/db/runs.ts";
import { type Engine, testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

const REFRESH = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "All contacts, page by page", version: "1.0.0", frequency: "every day", autoStart: true, trackDeletes: true,
  checkpoint: z.object({ cursor: z.string() }),
  models: { Contact: z.object({ id: z.string() }) },
  metadata: z.object({ since: z.string().optional() }),
  exec: async (nango) => {
    const { since } = await nango.getMetadata();
    let cursor = (await nango.getCheckpoint())?.cursor;
    do {
      const params = { limit: 25, ...(cursor ? { cursor } : {}), ...(since ? { updated_since: since } : {}) };
      const { data } = await nango.get({ endpoint: "/v1/contacts", params });
      await nango.batchSave(data.data, "Contact");
      cursor = data.next_cursor;
      if (cursor) await nango.saveCheckpoint({ cursor });
    } while (cursor);
    await nango.clearCheckpoint();
  },
});
`;

const INCREMENTAL = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Changed contacts only, with an option that makes no sense here", version: "1.0.0", frequency: "every day",
  autoStart: true, trackDeletes: true,
  checkpoint: z.object({ since: z.string() }),
  models: { Contact: z.object({ id: z.string() }) },
  exec: async (nango) => {
    let since = (await nango.getCheckpoint())?.since ?? "2000-01-01T00:00:00.000Z";
    const paginate = { type: "cursor", cursor_name_in_request: "cursor", cursor_path_in_response: "next_cursor", response_path: "data", limit: 25, limit_name_in_request: "limit" };
    for await (const page of nango.paginate({ endpoint: "/v1/contacts", params: { updated_since: since }, paginate })) {
      await nango.batchSave(page, "Contact");
      since = page.at(-1).updated_at;
      await nango.saveCheckpoint({ since });
    }
  },
});
`;

const ROWS = 250;

const refreshed = async (t: TestContext, text: string) => {
  const engine = await testEngine(t, { rows: { contacts: ROWS } });
  await engine.deploy({ "acme/syncs/contacts.ts": text });
  const connection = await engine.connect("one");
  await engine.startWorker();
  await engine.quiet();
  return { engine, connection, ...runsOf(engine) };
};

const runsOf = ({ db, quiet }: Engine) => {
  /** Run the sync and what continues it; the runs this made. */
  const run = async () => {
    const [before] = await db.query("select max(id) as id from syncline.runs");
    const [sync] = await db.query("select id from syncline.syncs");
    await createRun(db.pool, { sync: sync!.id, origin: "trigger", emptyCache: false });
    await quiet();
    return await db.query(
      `select r.state, r.origin, coalesce(sum(c.deleted), 0)::int as deleted
         from syncline.runs r left join syncline.run_streams c on c.run_id = r.id
        where r.id > $1 group by r.id order by r.id`,
      [before!.id],
    );
  };
  const glitch = (since: string | null) =>
    db.query("update syncline.connections set metadata = jsonb_strip_nulls(jsonb_build_object('since', $1::text))", [
      since,
    ]);
  return { run, glitch };
};

const deletedIds = async (engine: Engine, connection: number): Promise<string[]> =>
  (await engine.records(connection, "Contact"))
    .filter(({ _nango_metadata: { last_action } }) => last_action === "DELETED")
    .map(({ id }) => id)
    .sort();

const editSome = ({ provider: { world } }: Engine): string[] => {
  const edits = world.edit({ kind: "contacts", add: 3, update: 9, delete: 7 });
  return edits
    .filter(({ action }) => action === "deleted")
    .map(({ id }) => id)
    .sort();
};

const webhooks = ({ db }: Engine, kind: string) =>
  db.query("select body from syncline.outbox where kind = $1 order by id", [kind]);

test("deletion by refresh", async (t) => {
  const { engine, connection, run, glitch } = await refreshed(t, REFRESH);
  const { db, provider } = engine;
  let before: string[] = [];
  const promised = (name: string, body: () => Promise<void>) =>
    t.test(name, async () => {
      before = await deletedIds(engine, connection);
      await body();
    });
  const checkDeleted = async (ids: string[]) =>
    assert.deepEqual(await deletedIds(engine, connection), [...before, ...ids].sort());
  const checkLive = async () =>
    assert.deepEqual(await engine.live(connection, "Contact"), [...provider.world.rows("contacts")]);
  /** A refresh that sees nothing; its id. */
  const park = async (): Promise<number> => {
    await db.query("update syncline.environments set webhook_url_primary = 'http://127.0.0.1:9/webhooks'");
    await glitch("2999-01-01T00:00:00Z");
    const runs = await run();
    assert.deepEqual(
      runs.map(({ state, deleted }) => ({ state, deleted })),
      [{ state: "succeeded", deleted: 0 }],
    );
    const [refresh] = await db.query(
      "select id, missing, live from syncline.refreshes where state = 'needs_approval' order by id desc limit 1",
    );
    const all = provider.world.count("contacts");
    assert.deepEqual({ missing: refresh?.missing, live: refresh?.live }, { missing: all, live: all });
    return refresh!.id as number;
  };
  let parked = 0;

  await promised("a refresh interrupted after each page by its time slice deletes exactly what is gone", async () => {
    const gone = editSome(engine);
    await db.query("update syncline.settings set time_slice = '1 us'");
    const runs = await run();
    assert.deepEqual(
      runs.map(({ state }) => state),
      [...Array(runs.length - 1).fill("interrupted"), "succeeded"],
    );
    assert.equal(runs.length, 10);
    await checkDeleted(gone);
    await checkLive();
    await db.query("update syncline.settings set time_slice = '10 min'");
  });

  await promised("a refresh that failed half way and was run again deletes exactly what is gone", async () => {
    const gone = editSome(engine);
    provider.faults.add({ kind: 500, path: "/v1/contacts", after: 4, times: 1 });
    assert.deepEqual(
      (await run()).map(({ state, deleted }) => ({ state, deleted })),
      [{ state: "failed", deleted: 0 }],
    );
    assert.deepEqual(provider.stats.faults, { 500: 1 });
    await checkDeleted([]);
    const more = provider.world.edit({ kind: "contacts", delete: 2 }).map(({ id }) => id);
    assert.equal((await run())[0]!.state, "succeeded");
    // What went after its page was seen is for the next refresh to notice.
    const seen = await deletedIds(engine, connection);
    assert.ok([...before, ...gone].every((id) => seen.includes(id)));
    assert.deepEqual(
      seen.filter((id) => ![...before, ...gone, ...more].includes(id)),
      [],
    );
    await run();
    await checkDeleted([...gone, ...more]);
    await checkLive();
  });

  await promised(
    "an empty first page trips the brake: nothing is deleted, and the log and a webhook say so",
    async () => {
      parked = await park();
      await checkDeleted([]);
      const all = provider.world.count("contacts");
      const [told] = await webhooks(engine, "deletes_need_approval");
      assert.partialDeepStrictEqual(told!.body, { model: "Contact", refreshId: parked, live: all, missing: all });
      const line = await until("the log has it", async () => {
        const [row] = await db.query("select message, level from syncline.logs where kind = 'change'");
        return row;
      });
      assert.equal(line.level, "error");
      assert.match(line.message, new RegExp(`would delete ${all} of ${all} records of Contact: nothing was deleted`));
      assert.match(line.message, new RegExp(`approve_deletes\\(${parked}\\)`));
    },
  );

  await promised("discarding drops what the brake held back, and the next refresh is as usual", async () => {
    assert.equal(await discardDeletes(db.pool, { refresh: parked }), provider.world.count("contacts"));
    await assert.rejects(approveDeletes(db.pool, { refresh: parked }), { code: "SL005" });
    await checkDeleted([]);
    await glitch(null);
    const gone = editSome(engine);
    await run();
    await checkDeleted(gone);
  });

  await promised("a later whole refresh makes parked deletes void: they are no longer true", async () => {
    const refresh = await park();
    await glitch(null);
    await run();
    await assert.rejects(approveDeletes(db.pool, { refresh }), { code: "SL005" });
    await checkDeleted([]);
  });

  await promised("approval deletes what the brake held back, and a webhook tells it", async () => {
    const refresh = await park();
    const all = provider.world.count("contacts");
    assert.equal(await approveDeletes(db.pool, { refresh }), all);
    assert.equal((await deletedIds(engine, connection)).length, before.length + all);
    const last = (await webhooks(engine, "sync")).at(-1)!.body;
    assert.partialDeepStrictEqual(last, { model: "Contact", responseResults: { added: 0, updated: 0, deleted: all } });
    assert.deepEqual(await checkInvariants(db.pool, {}), []);
    await assert.rejects(approveDeletes(db.pool, { refresh }), { code: "SL005" });
  });
});

test("an incremental sync deletes nothing for not having seen it, though it failed, was interrupted and went on", async (t) => {
  const { engine, connection, run } = await refreshed(t, INCREMENTAL);
  const { db, provider } = engine;
  // The brake would hide a mistake.
  await db.query("update syncline.syncs set delete_limit_rows = 1000000");
  provider.world.edit({ kind: "contacts", update: 100 });
  provider.faults.add({ kind: 500, path: "/v1/contacts", after: 1, times: 1 });
  assert.equal((await run())[0]!.state, "failed");
  assert.equal((await run())[0]!.state, "succeeded");
  provider.world.edit({ kind: "contacts", update: 100 });
  await db.query("update syncline.settings set time_slice = '1 us'");
  const runs = await run();
  assert.ok(runs.length > 3 && runs.slice(0, 3).every(({ state }) => state === "interrupted"));
  await db.query("update syncline.settings set time_slice = '10 min'");
  assert.equal((await run()).at(-1)!.state, "succeeded");
  assert.deepEqual(await deletedIds(engine, connection), []);
  assert.deepEqual(await engine.live(connection, "Contact"), [...provider.world.rows("contacts")]);
});
