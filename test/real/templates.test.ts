// The ready-made functions as a folder: they compile, and say what they are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { compiled } from "./templates.ts";

test("all ready-made functions compile", async () => {
  const { functions, problems } = await compiled;
  assert.deepEqual(problems, []);
  assert.ok(functions.length >= 36, `${functions.length} functions`);
});

test("every ready-made sync starts by itself, says what it does, and has one model with described fields", async () => {
  for (const { integration, name, definition } of (await compiled).functions.filter(({ kind }) => kind === "sync")) {
    const where = `${integration}/${name}`;
    assert.ok(definition.auto_start, where);
    assert.match(definition.version, /^\d+\.\d+\.\d+$/, where);
    assert.match(definition.description, /^[A-Z].{20}/, where);
    const models = Object.entries(definition.models);
    assert.equal(models.length, 1, where);
    for (const [model, schema] of models) {
      assert.ok(typeof schema === "object", `${where} ${model}`);
      const { properties, required } = schema as { properties: Record<string, object>; required: string[] };
      assert.deepEqual(properties.id, { type: "string" }, `${where} ${model}`);
      assert.ok(required.includes("id"), `${where} ${model}`);
      assert.ok(Object.keys(properties).length > 1, `${where} ${model}`);
    }
  }
});

test("the frequency of every ready-made sync is one that the scheduler takes", async (t) => {
  const { query } = await testDatabase(t, { poolSize: 1 });
  for (const { integration, name, definition } of (await compiled).functions.filter(({ kind }) => kind === "sync")) {
    const [row] = await query("select syncline.parse_frequency($1) <= interval '1 day' as fits", [
      definition.frequency,
    ]);
    assert.ok(row?.fits, `${integration}/${name}: ${definition.frequency}`);
  }
});
