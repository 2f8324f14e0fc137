// Promise: of what each provider sends, every event goes to whom it is about, under the names that functions subscribe to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../src/providers/webhook/judge.ts";
import { forwardPayload, partPayload, readBody } from "../../src/providers/webhook/payload.ts";
import { ruleOf } from "../../src/providers/webhook/rules.ts";
import type { Judgement, Lookup } from "../../src/providers/webhook/types.ts";
import { EXAMPLES } from "./webhook-examples.ts";
import { judgeBy, NO_SECRETS, NOW, sent, verdictOf } from "./webhook-world.ts";

const ruleWithoutSignature = (name: string) => ({ ...ruleOf({ webhook: name })!, verification: undefined });

const accepted = (judged: Judgement) => {
  assert.equal(judged.kind, "accepted", JSON.stringify(judged));
  return judged as Extract<Judgement, { kind: "accepted" }>;
};

const lookupText = (lookup: Lookup): string => (lookup.by === "all" ? "all" : `${lookup.by}=${lookup.value}`);

test("what each provider sends is taken apart into its events, whom they are about and its id", async () => {
  for (const { rule, request, parts, delivery, payloads } of EXAMPLES) {
    const { deliveryId, parts: found } = accepted(
      await judge(ruleWithoutSignature(rule), sent(request), { secrets: NO_SECRETS, now: NOW }),
    );
    const shown = found.map(({ events, lookups }) => [events.join(" "), lookups.map(lookupText).join(" ")]);
    assert.deepEqual(shown, parts, rule);
    if (rule !== "dropbox") assert.equal(deliveryId, delivery, rule);
    const body = readBody(sent(request));
    const content = { headers: sent(request).headers, body };
    assert.deepEqual(
      found.map((part) => partPayload(content, part)),
      payloads ?? parts.map(() => body),
      rule,
    );
    assert.equal(
      forwardPayload(
        content,
        found,
        found.map((_, at) => at),
      ),
      body,
      rule,
    );
  }
});

test("a connection is forwarded its own events of an array, as they stood", async () => {
  const { request } = EXAMPLES.find(({ rule }) => rule === "microsoft")!;
  const { parts } = accepted(await judgeBy("microsoft", request));
  const content = { headers: {}, body: readBody(sent(request)) };
  const [, second] = (content.body as { value: unknown[] }).value;
  assert.deepEqual(forwardPayload(content, parts, [1]), { value: [second] });
});

test("Google's calendars and drives are told of in headers, which are what functions get", async () => {
  const headers = {
    "x-goog-channel-id": "ch-1",
    "x-goog-message-number": "10",
    "x-goog-resource-state": "exists",
    "x-goog-resource-id": "r-1",
    "x-goog-resource-uri": "https://www.googleapis.com/calendar/v3/calendars/ada%40example.com/events?alt=json",
  };
  const judged = accepted(await judgeBy("google", { headers }));
  assert.equal(judged.deliveryId, "ch-1:10");
  assert.deepEqual(judged.parts[0]!.events, ["exists"]);
  assert.deepEqual(judged.parts[0]!.lookups.map(lookupText), [
    `metadata.googleCalendarWatchResourceUris=${headers["x-goog-resource-uri"]}`,
    "metadata.googleDriveWatchResourceIds=r-1",
    "metadata.emailAddress=ada@example.com",
    "metadata.email=ada@example.com",
  ]);
  const content = { headers, body: {} };
  assert.equal(partPayload(content, judged.parts[0]!), headers);
  assert.equal(forwardPayload(content, judged.parts, [0]), headers);
  const watched = { secrets: { webhookSecret: "channel token" } };
  assert.equal(verdictOf(await judgeBy("google", { headers }, watched)), "missing_signature");
  const told = { ...headers, "x-goog-channel-token": "channel token" };
  assert.equal(verdictOf(await judgeBy("google", { headers: told }, watched)), "verified");
});

test("two equal pings of Dropbox are two: each has an id of its own", async () => {
  const ping = { body: { list_folder: { accounts: ["dbid:1"] } } };
  const ids = await Promise.all([1, 2].map(async () => accepted(await judgeBy("dropbox", ping)).deliveryId));
  assert.ok(ids[0] && ids[1] && ids[0] !== ids[1]);
});

test("who is not named is nobody, and the query counts only where the rule names it", async () => {
  for (const [rule, body] of [
    ["notion", { type: "page.created" }],
    ["cal-com", { triggerEvent: "BOOKING_CREATED" }],
    ["unauthenticated", {}],
    ["stripe", { type: "charge.succeeded" }],
  ] as const) {
    const { parts } = accepted(await judgeBy(rule, { body }));
    assert.deepEqual(
      parts.map(({ lookups }) => lookups),
      [[]],
      rule,
    );
  }
  const { parts } = accepted(await judgeBy("notion", { body: {}, query: { nangoConnectionId: "c-1" } }));
  assert.deepEqual(parts[0]!.lookups, []);
});

test("interactions of Slack come as a form, and a submitted view is answered with nothing", async () => {
  const form = (payload: object) => ({
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `payload=${encodeURIComponent(JSON.stringify(payload))}`,
  });
  const view = accepted(await judgeBy("slack", form({ type: "view_submission", team: { id: "T9" } })));
  assert.deepEqual(view.answer, { status: 200, headers: {} });
  assert.deepEqual(view.parts[0]!.lookups, [{ by: "config.team.id", value: "T9" }]);
  const action = accepted(
    await judgeBy("slack", form({ type: "block_actions", team: { id: "T9" }, trigger_id: "1.2" })),
  );
  assert.equal(action.answer.body, '{"status":"success"}');
  assert.equal(action.deliveryId, "1.2");
});

test("JSON that cannot be read is refused, and so is a method that the provider does not use", async () => {
  const broken = await judgeBy("notion", { body: '{"type":' });
  assert.equal(verdictOf(broken), "malformed_body");
  assert.equal(broken.kind === "refused" && broken.status, 400);
  assert.equal(verdictOf(await judgeBy("notion", { method: "GET" })), "method_not_allowed");
});
