// The example functions while Acme's users keep working: nothing is skipped, and what is gone goes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createRun } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";

const MODELS = { contacts: "Contact", companies: "Company", tickets: "Ticket" } as const;

const functionText = (name: string): Promise<string> =>
  readFile(new URL(`../../src/templates/acme/syncs/${name}.ts`, import.meta.url), "utf8");

for (const [kind, model] of Object.entries(MODELS) as [keyof typeof MODELS, string][]) {
  test(`${kind}: edits between pages hide no row, and a quiet run after them makes records equal to Acme's rows`, async (t) => {
    const engine = await testEngine(t, { rows: { [kind]: 730 } });
    const { provider, db } = engine;
    await engine.deploy({ [`acme/syncs/${kind}.ts`]: await functionText(kind) });
    provider.betweenPages.set({ kind, delete: 4, add: 3, update: 5 });
    const connection = await engine.connect("one");
    await engine.startWorker();
    await engine.quiet();
    provider.betweenPages.set(null);

    const live = async () =>
      new Set(
        (await engine.records(connection, model))
          .filter(({ _nango_metadata: meta }) => meta.last_action !== "DELETED")
          .map(({ id }) => id),
      );
    assert.ok(provider.stats.pages.length > 7);
    const afterEdits = await live();
    const rows = [...provider.world.rows(kind)].map(({ id }) => id);
    // Only what was added after the last page was made may be missing.
    const missing = rows.filter((id) => !afterEdits.has(id) && Number(id.slice(4)) < 730);
    assert.deepEqual(missing, []);

    const [sync] = await db.query("select id from syncline.syncs");
    await createRun(db.pool, { sync: sync!.id, origin: "trigger", emptyCache: false });
    await engine.quiet();
    assert.deepEqual([...(await live())].sort(), rows);
  });
}
