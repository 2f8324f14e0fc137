import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { createSync, type ProxyConfiguration } from "../../src/functions/sdk/index.ts";

const Contact = z.object({ id: z.string(), name: z.string().optional() });

test("createSync gives back its config as a sync, and types models, metadata and checkpoint", () => {
  const page: ProxyConfiguration = { endpoint: "/x", paginate: { type: "offset", offset_name_in_request: "skip" } };
  const sync = createSync({
    description: "d",
    frequency: "every hour",
    models: { Contact },
    metadata: z.object({ region: z.string() }),
    checkpoint: z.object({ at: z.string() }),
    exec: async (nango) => {
      const { region } = await nango.getMetadata();
      const checkpoint = await nango.getCheckpoint();
      for await (const rows of nango.paginate<{ id: string }>({ ...page, params: { region, at: checkpoint?.at } })) {
        await nango.batchSave(rows, "Contact");
      }
      await nango.saveCheckpoint({ at: "now" });
      // @ts-expect-error a model that is not declared
      await nango.batchSave([], "Other");
      // @ts-expect-error a row of another shape
      await nango.batchSave([{ id: 1 }], "Contact");
      // @ts-expect-error a checkpoint of another shape
      await nango.saveCheckpoint({ page: 1 });
      const untyped = await nango.get({ endpoint: "/y" });
      throw new nango.ActionError({ message: untyped.data.anything.at.all });
    },
  });
  assert.equal(sync.type, "sync");
});

test("a model's id must be a string", () => {
  const config = { description: "d", frequency: "every hour", exec: async () => {} };
  // @ts-expect-error a numeric id
  assert.ok(createSync({ ...config, models: { Row: z.object({ id: z.number() }) } }));
});
