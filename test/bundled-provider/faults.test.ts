// Faults on request: each one really reaches a client, and rules hit exactly the requests they should.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { type Acme, startAcme } from "./acme.ts";

const withFault = (acme: Acme, fault: string) => ({
  headers: { "x-api-key": acme.credentials.apiKey, "x-acme-fault": fault },
});

/** Sends one request over a bare socket: the bytes that came, and how the connection ended. */
const rawGet = async (acme: Acme, fault: string) => {
  const socket = connect(acme.port, "127.0.0.1");
  socket.write(
    `GET /v1/contacts HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${acme.credentials.apiKey}\r\nX-Acme-Fault: ${fault}\r\n\r\n`,
  );
  const chunks: Buffer[] = [];
  let ending = "closed";
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    ending = error.code ?? "error";
  });
  if (!socket.closed) await once(socket, "close").catch(() => undefined);
  return { text: Buffer.concat(chunks).toString(), ending };
};

test("a status on request comes instead of the answer, with Retry-After when milliseconds are given", async (t) => {
  const acme = await startAcme(t);
  for (const fault of ["500", "503", "429", "401"]) {
    const response = await acme.ask("/v1/contacts", withFault(acme, fault));
    assert.equal(response.status, Number(fault));
    assert.equal(((await response.json()) as { error: string }).error, "fault_on_request");
  }
  const limited = await acme.ask("/v1/contacts", withFault(acme, "429:1500"));
  assert.equal(limited.headers.get("retry-after"), "2");
  assert.deepEqual(acme.stats.faults, { 401: 1, 429: 2, 500: 1, 503: 1 });
  assert.equal(acme.stats.pages.length, 0);
});

test("a truncated body promises its whole length and ends in the middle", async (t) => {
  const acme = await startAcme(t);
  const { text } = await rawGet(acme, "truncate");
  const [head, body] = text.split("\r\n\r\n") as [string, string];
  const promised = Number(/content-length: (\d+)/i.exec(head)![1]);
  assert.equal(Buffer.byteLength(body), promised >> 1);
  const response = await acme.ask("/v1/contacts", withFault(acme, "truncate"));
  assert.equal(response.status, 200);
  await assert.rejects(response.text(), TypeError);
  assert.equal(acme.stats.pages.length, 0);
  assert.equal(acme.stats.faults.truncate, 2);
});

test("a truncated write was done, one answered by a status was not", async (t) => {
  const acme = await startAcme(t);
  const truncated = await acme.ask("/v1/contacts", { ...withFault(acme, "truncate"), method: "POST", body: '{"a":1}' });
  await assert.rejects(truncated.text());
  await acme.ask("/v1/contacts", { ...withFault(acme, "500"), method: "POST", body: '{"a":1}' });
  assert.equal(acme.world.count("contacts"), 51);
});

test("a truncated answer without a body is a connection that closes", async (t) => {
  const acme = await startAcme(t);
  const asked = acme.ask("/v1/contacts/con_000000001", { ...withFault(acme, "truncate"), method: "DELETE" });
  await assert.rejects(asked, TypeError);
  assert.equal(acme.world.count("contacts"), 49);
});

test("a reset is a reset of the TCP connection", async (t) => {
  const acme = await startAcme(t);
  assert.deepEqual(await rawGet(acme, "reset"), { text: "", ending: "ECONNRESET" });
  assert.equal(acme.stats.faults.reset, 1);
});

test("a timeout never answers: the connection stays open until someone closes it", async (t) => {
  const acme = await startAcme(t);
  const asked = acme.ask("/v1/contacts", withFault(acme, "timeout")).then(
    () => "answered",
    () => "failed",
  );
  while (acme.stats.faults.timeout !== 1) await acme.get("/v1/contacts?limit=1");
  assert.equal(await Promise.race([asked, acme.get("/v1/contacts").then(() => "silent")]), "silent");
  await acme.close();
  assert.equal(await asked, "failed");
});

test("a timeout with milliseconds hangs up after them without a byte", async (t) => {
  const acme = await startAcme(t);
  assert.deepEqual(await rawGet(acme, "timeout:5"), { text: "", ending: "closed" });
});

test("a slow answer comes whole, after its milliseconds", async (t) => {
  const acme = await startAcme(t);
  const start = performance.now();
  const response = await acme.ask("/v1/contacts?limit=3", withFault(acme, "slow:30"));
  assert.ok(performance.now() - start >= 29);
  assert.equal(((await response.json()) as { data: unknown[] }).data.length, 3);
});

test("an unknown fault is refused in the header and in a rule", async (t) => {
  const acme = await startAcme(t);
  assert.equal((await acme.ask("/v1/contacts", withFault(acme, "explode"))).status, 400);
  const rule = { method: "POST", body: '{"kind":"explode"}' };
  assert.equal((await fetch(`${acme.url}/admin/faults`, rule)).status, 400);
});

const statuses = async (acme: Acme, count: number, path = "/v1/contacts") => {
  const found: number[] = [];
  for (let turn = 0; turn < count; turn += 1) found.push((await acme.ask(path)).status);
  return found;
};

test("a rule hits its path and method as often as it says, and is told by the list until cleared", async (t) => {
  const acme = await startAcme(t);
  await acme.admin("POST", "faults", { kind: "503", path: "/v1/contacts", method: "get", after: 1, times: 2 });
  assert.deepEqual(await statuses(acme, 2, "/v1/tickets"), [200, 200]);
  assert.equal((await acme.ask("/v1/contacts", { method: "POST" })).status, 201);
  assert.deepEqual(await statuses(acme, 5), [200, 503, 503, 200, 200]);
  const listed = (await (await acme.admin("GET", "faults")).json()) as { faults: object[] };
  assert.deepEqual(listed.faults, [
    { id: 1, kind: "503", path: "/v1/contacts", method: "GET", after: 1, times: 2, seen: 5, done: 2 },
  ]);
  await acme.admin("POST", "faults", { kind: 500, path: "/v1/contacts", every: 3 });
  assert.deepEqual(await statuses(acme, 6), [200, 200, 500, 200, 200, 500]);
  assert.deepEqual(await statuses(acme, 3, "/v1/contacts/con_000000001"), [200, 200, 500]);
  await acme.admin("DELETE", "faults");
  assert.deepEqual(await statuses(acme, 3), [200, 200, 200]);
});

test("a probable fault hits the same requests again with the same seed, and others with another", async (t) => {
  const pattern = async (seed: number) => {
    const acme = await startAcme(t, { seed });
    acme.faults.add({ kind: 500, probability: 0.3 });
    return statuses(acme, 40);
  };
  const first = await pattern(1);
  assert.deepEqual(await pattern(1), first);
  assert.notDeepEqual(await pattern(2), first);
  const hits = first.filter((status) => status === 500).length;
  assert.ok(hits > 2 && hits < 30, `${hits} hits`);
});
