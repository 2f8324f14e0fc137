// The past of a stream is what the provider was then, whatever happened meanwhile; history.long.test.ts for longer.
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { playHistory } from "./history-rounds.ts";

test("after each of forty rounds of edits, deletes, refreshes and undos every past instant is as the provider was", async (t) => {
  await playHistory(t, seeded(t), { rounds: 40, retention: null });
});
