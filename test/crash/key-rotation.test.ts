// The master key is changed once under load; key-rotation.long.test.ts kills for longer.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { rotationRounds } from "./key-rotation-rounds.ts";

test("a master key is changed under a server at work, killed rotations go on, all opens, and nothing lies open", async (t) => {
  const { change, finish } = await rotationRounds(t, seeded(t), { servers: 1, fillers: 1_200 });
  await change(randomBytes(32), 1);
  const { imported, read } = await finish();
  assert.ok(imported > 0 && read > 0);
});
