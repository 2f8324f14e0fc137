// Promise: a webhook is accepted with what it is about, refused with the reason, or answered; nothing else happens to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { signWebhook } from "../../src/bundled-provider/webhooks.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { judge } from "../../src/providers/webhook/judge.ts";
import { forwardPayload, partPayload, readBody } from "../../src/providers/webhook/payload.ts";
import { ruleOf } from "../../src/providers/webhook/rules.ts";
import type { WebhookRequest } from "../../src/providers/webhook/types.ts";

const acme = ruleOf(loadCatalogue({ files: [] }).get("acme")!)!;
const secrets = { webhookSecret: "whispered", clientSecret: undefined, app: undefined };
const event = JSON.stringify({ id: "dlv_1", type: "contacts.updated", object_id: "c1", data: { id: "c1" } });

const request = (headers: Record<string, string>, query = {}): WebhookRequest => ({
  method: "POST",
  url: "https://example.com/webhook/e/acme",
  query,
  headers: { "content-type": "application/json", "x-acme-delivery": "dlv_1", ...headers },
  body: Buffer.from(event),
});
const signed = { "x-acme-signature": signWebhook("whispered", event) };

test("a webhook with the right signature is accepted with its id, its event and whom it is about", async () => {
  const all = await judge(acme, request(signed), { secrets, now: 0 });
  assert.deepEqual(all, {
    kind: "accepted",
    isVerified: true,
    deliveryId: "dlv_1",
    parts: [{ events: ["contacts.updated"], lookups: [{ by: "all" }], from: "body", at: [] }],
    answer: { status: 200, headers: { "content-type": "application/json" }, body: '{"status":"success"}' },
  });
  const one = await judge(acme, request(signed, { nangoConnectionId: "c9" }), { secrets, now: 0 });
  assert.deepEqual(one.kind === "accepted" && one.parts[0]?.lookups, [{ by: "connectionId", value: "c9" }]);
});

test("a wrong or missing signature is refused once a secret is set, and unverified before", async () => {
  const reasonOf = async (headers: Record<string, string>, webhookSecret: string | undefined) => {
    const judged = await judge(acme, request(headers), { secrets: { ...secrets, webhookSecret }, now: 0 });
    return judged.kind === "refused" ? judged.reason : judged;
  };
  assert.equal(await reasonOf({ "x-acme-signature": signWebhook("else", event) }, "whispered"), "signature_mismatch");
  assert.equal(await reasonOf({ "x-acme-signature": "not hex" }, "whispered"), "malformed_signature");
  assert.equal(await reasonOf({}, "whispered"), "missing_signature");
  const open = await reasonOf({}, undefined);
  assert.ok(typeof open === "object" && open.kind === "accepted" && !open.isVerified);
});

test("bodies are read as JSON, as a form, as JSON in a form, or as text", () => {
  const read = (type: string, text: string) => readBody({ headers: { "content-type": type }, body: Buffer.from(text) });
  assert.deepEqual(read("application/json; charset=utf-8", '{"a":1}'), { a: 1 });
  assert.deepEqual(read("application/x-www-form-urlencoded", "a=1&b=x+y"), { a: "1", b: "x y" });
  assert.deepEqual(read("application/x-www-form-urlencoded", `payload=${encodeURIComponent('{"a":1}')}`), { a: 1 });
  assert.deepEqual(read("text/plain", "hello"), "hello");
  assert.deepEqual(read("text/plain", '[{"a":1}]'), [{ a: 1 }]);
});

test("a connection is forwarded its own events only", () => {
  const body = { firm: 1, events: [{ n: 0 }, { n: 1 }, { n: 2 }] };
  const part = (at: (string | number)[]) => ({ events: [], lookups: [], from: "body" as const, at });
  const parts = [part(["events", 2]), part(["events", 0]), part(["events", 1])];
  assert.deepEqual(partPayload({ headers: {}, body }, parts[0]!), { n: 2 });
  assert.equal(forwardPayload({ headers: {}, body }, parts, [0, 1, 2]), body);
  assert.deepEqual(forwardPayload({ headers: {}, body }, parts, [0, 1]), { firm: 1, events: [{ n: 0 }, { n: 2 }] });
  assert.deepEqual(forwardPayload({ headers: {}, body: [1, 2] }, [part([0]), part([1])], [1]), [2]);
});
