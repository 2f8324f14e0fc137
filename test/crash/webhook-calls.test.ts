// Workers are killed while events wait; webhook-calls.long.test.ts sends 10,000.
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { webhookRounds } from "./webhook-rounds.ts";

test("killed workers lose no event: each call is done once, in order, and so is each of its effects", async (t) => {
  await webhookRounds(t, seeded(t), { events: 150, kills: 1 });
});
