// 500 webhooks 20 times each, without kills; 10,000 with 10 kills of those who take them, and of those who handle them.
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

test("10,000 webhooks that come in while API processes and workers are killed are each handled once, with one effect", async (t) => {
  const { unanswered } = await inboxRounds(t, seeded(t), { ids: 10_000, times: 1, kills: 10, workers: 2 });
  assert.ok(unanswered > 0, "a kill met a request");
  t.diagnostic(`${unanswered} requests got no answer and were sent again`);
});
