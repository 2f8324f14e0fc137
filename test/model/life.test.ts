// The state law of runs holds for all histories: lost answers, crashes and any order of calls included.
import { test } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { playMany, setTable } from "./play.ts";

test("a thousand random histories go as the model says", async (t) => {
  const db = await setTable(await testDatabase(t));
  try {
    await playMany(db, 1000);
  } finally {
    db.release();
  }
});
