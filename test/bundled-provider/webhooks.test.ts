// Webhooks: signed, in order, retried; on request doubled or out of order, the same way for the same seed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { signWebhook } from "../../src/bundled-provider/webhooks.ts";
import { type Body, startAcme } from "./acme.ts";

type Received = { delivery: string; signature: string; text: string };

/** A backend that keeps what arrives and answers with the given statuses first, then 200. */
const startReceiver = async (t: TestContext, statuses: number[] = []) => {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({
      delivery: String(request.headers["x-acme-delivery"]),
      signature: String(request.headers["x-acme-signature"]),
      text: Buffer.concat(chunks).toString(),
    });
    response.writeHead(statuses.shift() ?? 200).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    next: () => once(server, "request"),
  };
};

test("each edit sends one webhook, in order, signed over its raw body, also for edits made through the API", async (t) => {
  const acme = await startAcme(t);
  const { url, received } = await startReceiver(t);
  await acme.admin("POST", "webhooks", { url, secret: "s3cret", kinds: ["contacts"] });
  const edits = acme.world.edit({ add: 1, update: 1, delete: 1 });
  acme.world.edit({ kind: "tickets", update: 1 });
  await acme.ask("/v1/contacts", { method: "POST", body: "{}" });
  await acme.webhooks.settled();
  const bodies = received.map(({ text }) => JSON.parse(text) as Body);
  assert.deepEqual(
    bodies.map(({ type }) => type),
    ["created", "updated", "deleted", "created"].map((a) => `contacts.${a}`),
  );
  assert.deepEqual(
    bodies.slice(0, 3).map(({ object_id, data }) => [object_id, data]),
    edits.map(({ id, row }) => [id, row]),
  );
  for (const { signature, text } of received) assert.equal(signature, signWebhook("s3cret", text));
  assert.deepEqual(
    received.map(({ delivery }) => delivery),
    bodies.map(({ id }) => id),
  );
  assert.equal(acme.stats.webhooks.delivered, 4);
});

test("duplicate and reordered webhooks come as seeded: the same seed, the same order of deliveries", async (t) => {
  const orderOf = async (seed: number) => {
    const acme = await startAcme(t, { seed });
    const { url, received } = await startReceiver(t);
    acme.webhooks.add({ url, secret: "s", duplicate: 0.3, reorder: 0.3 });
    acme.world.edit({ count: 30 });
    await acme.webhooks.settled();
    return { order: received.map(({ delivery }) => Number(delivery.slice(4))), stats: acme.stats.webhooks };
  };
  const { order, stats } = await orderOf(1);
  assert.deepEqual((await orderOf(1)).order, order);
  assert.notDeepEqual((await orderOf(2)).order, order);
  assert.equal(new Set(order).size, 30, "none is lost");
  assert.ok(stats.duplicated > 0 && stats.reordered > 0);
  assert.equal(order.length, 30 + stats.duplicated);
  const falls = order.filter((number, index) => index > 0 && number < order[index - 1]!).length;
  assert.equal(falls, stats.reordered);
});

test("a webhook held back for reordering goes out by itself when no other follows", async (t) => {
  const acme = await startAcme(t);
  const { url, next } = await startReceiver(t);
  acme.webhooks.add({ url, secret: "s", reorder: 1 });
  const arrival = next();
  acme.world.edit({ update: 1 });
  await arrival;
  assert.equal(acme.stats.webhooks.reordered, 0);
});

test("a webhook is tried three times, then given up, and later ones still come", async (t) => {
  const acme = await startAcme(t);
  const { url, received } = await startReceiver(t, [500, 500, 200, 500, 500, 500]);
  acme.webhooks.add({ url, secret: "s" });
  acme.world.edit({ update: 3 });
  await acme.webhooks.settled();
  assert.deepEqual(
    received.map(({ delivery }) => delivery.slice(4)),
    [..."1112223"],
  );
  assert.deepEqual(acme.stats.webhooks, { delivered: 2, failed: 1, duplicated: 0, reordered: 0 });
});

test("subscriptions are listed without their secret, and end when cleared", async (t) => {
  const acme = await startAcme(t);
  const { url, received } = await startReceiver(t);
  await acme.admin("POST", "webhooks", { url, secret: "hidden" });
  assert.ok(!(await (await acme.admin("GET", "webhooks")).text()).includes("hidden"));
  await acme.admin("DELETE", "webhooks");
  acme.world.edit({ update: 1 });
  await acme.webhooks.settled();
  assert.equal(received.length, 0);
});
