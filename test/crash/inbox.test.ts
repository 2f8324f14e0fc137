// An API process is killed while webhooks come in; inbox.long.test.ts sends 10,000.
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { inboxRounds } from "./inbox-rounds.ts";

test("webhooks that come many times at once into two processes, one of which is killed, are each stored once", async (t) => {
  await inboxRounds(t, seeded(t), { ids: 40, times: 20, kills: 1 });
});
