// db/listen.ts: it ends whenever it is asked to.

import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { listen } from "../../src/db/listen.ts";
import { createLogger } from "../../src/log.ts";
import { testDatabase } from "../helpers/database.ts";

const TURNS = 60; // more than connecting takes

test("a listener that is closed while it connects ends, at whatever moment", async (t) => {
  const { url } = await testDatabase(t);
  for (let turns = 0; turns < TURNS; turns++) {
    const listener = listen({
      url,
      channel: "syncline_nothing",
      applicationName: "syncline test",
      onNotice: () => {},
      log: createLogger("silent"),
    });
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    await listener.close();
  }
});
