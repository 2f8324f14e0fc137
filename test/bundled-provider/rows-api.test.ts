// Reading and writing single rows through the API.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startAcme } from "./acme.ts";

test("a row can be created, read, changed and deleted, and every step shows in the world", async (t) => {
  const acme = await startAcme(t);
  const created = await acme.ask("/v1/contacts", { method: "POST", body: '{"email":"a@b.example","tags":["x"]}' });
  assert.equal(created.status, 201);
  const { id } = (await created.json()) as { id: string };
  assert.equal((await acme.get(`/v1/contacts/${id}`)).email, "a@b.example");
  const changed = await acme.ask(`/v1/contacts/${id}`, { method: "PATCH", body: '{"email":null}' });
  assert.deepEqual(await changed.json(), acme.world.get("contacts", id));
  assert.equal(acme.world.get("contacts", id)?.email, null);
  assert.equal((await acme.ask(`/v1/contacts/${id}`, { method: "DELETE" })).status, 204);
  assert.equal((await acme.ask(`/v1/contacts/${id}`)).status, 404);
  assert.equal((await acme.ask(`/v1/contacts/${id}`, { method: "DELETE" })).status, 404);
  assert.deepEqual(acme.stats.requests["GET /v1/contacts/:id"], 2);
});

test("what does not exist is 404, a wrong method 405, a body that is no object 400, one too large 413", async (t) => {
  const acme = await startAcme(t);
  const status = async (path: string, method = "GET", body?: string) =>
    (await acme.ask(path, { method, ...(body !== undefined && { body }) })).status;
  assert.equal(await status("/v1/people"), 404);
  assert.equal(await status("/v1/contacts/con_5"), 404);
  assert.equal(await status("/v1/contacts/con_000000000/notes"), 404);
  assert.equal(await status("/"), 404);
  assert.equal(await status("/v1/contacts", "DELETE"), 405);
  assert.equal(await status("/v1/contacts", "POST", "[]"), 400);
  assert.equal(await status("/v1/contacts", "POST", "{"), 400);
  assert.equal(await status("/v1/contacts", "POST", `{"a":"${"x".repeat(1_000_000)}"}`), 413);
});
