// A sync from its schedule to its records, against the bundled provider.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testEngine } from "../helpers/engine.ts";

const CONTACTS = `
import { createSync } from "syncline";
import * as z from "zod";

export default createSync({
  description: "Contacts, changed ones only",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  checkpoint: z.object({ since: z.string() }),
  models: { Contact: z.object({ id: z.string() }) },
  exec: async (nango) => {
    const checkpoint = await nango.getCheckpoint();
    let since = checkpoint?.since ?? "2000-01-01T00:00:00.000Z";
    const pages = nango.paginate({
      endpoint: "/v1/contacts",
      params: { updated_since: since },
      paginate: { type: "cursor", cursor_name_in_request: "cursor", cursor_path_in_response: "next_cursor", response_path: "data", limit: 100, limit_name_in_request: "limit" },
      retries: 3,
    });
    for await (const page of pages) {
      await nango.batchSave(page, "Contact");
      since = page.at(-1).updated_at;
      await nango.saveCheckpoint({ since });
    }
  },
});
`;

test("a sync stores what the provider has, page by page, and its next run only what changed", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 250 } });
  await engine.deploy({ "acme/syncs/contacts.ts": CONTACTS });
  const connection = await engine.connect("one");
  await engine.startWorker();
  await engine.quiet();
  const runs = await engine.db.query("select id, state, error, checkpoint_to from syncline.runs order by id");
  assert.deepEqual(
    runs.map(({ state, error }) => ({ state, error })),
    [{ state: "succeeded", error: null }],
  );
  const stored = await engine.records(connection, "Contact", { limit: 100 });
  const truth = [...engine.provider.world.rows("contacts")];
  assert.deepEqual(
    stored.map(({ _nango_metadata, ...row }) => row).sort((a, b) => (a.id < b.id ? -1 : 1)),
    truth.map((row) => ({ ...row })).sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  assert.deepEqual(await engine.db.query("select * from syncline.check_invariants()"), []);
});
