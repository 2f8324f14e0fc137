// 500 webhooks 20 times each, without kills and with 10.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { inboxRounds } from "./inbox-rounds.ts";

test("500 webhooks that come 20 times each at once into two processes are 500 rows", async (t) => {
  const { unanswered } = await inboxRounds(t, seeded(t), { ids: 500, times: 20, kills: 0 });
  assert.equal(unanswered, 0);
});

test("10 kills while 10,000 webhooks come in lose none that was answered, and store none twice", async (t) => {
  const { unanswered } = await inboxRounds(t, seeded(t), { ids: 10_000, times: 1, kills: 10 });
  assert.ok(unanswered > 0, "a kill met a request");
  t.diagnostic(`${unanswered} requests got no answer and were sent again`);
});
