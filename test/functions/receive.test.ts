// Functions that were bundled elsewhere: what becomes of them, and that reading them can be ended.
import assert from "node:assert/strict";
import { test } from "node:test";
import { functionHash } from "../../src/functions/definition.ts";
import { createReceiver, type Received } from "../../src/functions/receive.ts";

const received = (js: string, over: Partial<Received> = {}): Received => ({
  ...{ kind: "sync", integration: "crm", name: "contacts", js, ts: "text", version: "", path: [] },
  ...over,
});

const SYNC = `const { z } = require("zod");
exports.default = { type: "sync", description: "all of it", version: "1.0.0", frequency: "every 5 minutes",
  autoStart: true, trackDeletes: true, syncType: "full", scopes: ["read"], webhookSubscriptions: ["contact.*"],
  endpoints: [{ method: "GET", path: "/contacts", group: "Contacts" }],
  checkpoint: z.object({ after: z.string() }), metadata: z.object({ region: z.string() }),
  models: { Contact: z.object({ id: z.string(), at: z.date() }) },
  exec: async () => {}, onWebhook: async () => {} };`;

const endless = received("for (;;);");
const never = new AbortController().signal;

test("what a bundle says of itself is the function's definition; the version beside it wins", async () => {
  const receive = createReceiver();
  const [plain, versioned] = await receive([received(SYNC), received(SYNC, { name: "two", version: "9" })], never);
  const object = (properties: object) => ({
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });
  assert.deepEqual(plain, {
    kind: "sync",
    integration: "crm",
    name: "contacts",
    bundle: SYNC,
    code: "text",
    hash: functionHash(SYNC, plain!.definition),
    definition: {
      ...{ description: "all of it", version: "1.0.0", frequency: "every 5 minutes", auto_start: true },
      ...{ track_deletes: true, sync_type: "full", scopes: ["read"], has_on_webhook: true },
      models: { Contact: object({ id: { type: "string" }, at: { type: "string", format: "date-time" } }) },
      metadata_schema: object({ region: { type: "string" } }),
      checkpoint_schema: object({ after: { type: "string" } }),
      webhook_subscriptions: ["contact.*"],
      endpoints: [{ method: "GET", path: "/contacts", group: "Contacts" }],
    },
  });
  assert.equal(versioned!.definition.version, "9");
  assert.notEqual(versioned!.hash, plain!.hash);
});

test("reading ends when nobody waits for it, and those who wait for a place get it", async () => {
  const receive = createReceiver();
  const gone = new AbortController();
  const reading = [1, 2, 3].map(() => receive([endless], gone.signal));
  const next = receive([received(SYNC)], never);
  gone.abort(new Error("gone"));
  for (const one of reading) await assert.rejects(one, /gone/);
  assert.equal((await next).length, 1);
});
