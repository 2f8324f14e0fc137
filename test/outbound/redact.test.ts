// Promise: the URL in the log shows what was asked for and nothing that grants access.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loggableUrl } from "../../src/outbound/redact.ts";
import type { Credentials } from "../../src/providers/credentials.ts";
import { createSender, json, startServer, target } from "./server.ts";

const KEY: Credentials = { type: "API_KEY", apiKey: "s3cr3t/key" };
const logged = (url: string, credentials: Credentials = { type: "NONE" }) => loggableUrl(new URL(url), credentials);

test("query values are hidden when their name or their content is a credential", () => {
  const names = ["api_key", "apikey", "KEY", "access_token", "sig", "X-Amz-Signature", "client_secret", "password"];
  for (const name of names) assert.equal(logged(`https://a.example/x?${name}=v`), `https://a.example/x?${name}=***`);
  assert.equal(logged("https://a.example/?q=s3cr3t%2Fkey&page=2", KEY), "https://a.example/?q=***&page=2");
  assert.equal(logged("https://a.example/?q=Bearer+s3cr3t/key", KEY), "https://a.example/?q=***");
});

test("user, password and credentials in the path are hidden too", () => {
  assert.equal(logged("https://u:p@a.example/x"), "https://a.example/x");
  assert.equal(logged("https://a.example/bots3cr3t/key/send", KEY), "https://a.example/bot***/send");
  assert.equal(logged("https://a.example/bots3cr3t%2Fkey/send", KEY), "https://a.example/bot***/send");
  const raw = { type: "OAUTH2", access_token: "tok-12345", raw: { id_token: "inner-token" } } as const;
  assert.equal(logged("https://a.example/tok-12345?x=inner-token", raw), "https://a.example/***?x=***");
});

test("plain values stay readable", () => {
  assert.equal(logged("https://a.example/x?limit=10&q=a%20b", KEY), "https://a.example/x?limit=10&q=a%20b");
});

test("an attempt is told without the key that the provider entry put into the query", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send, attempts } = createSender();
  const proxy = { base_url: server.url, query: { hapi: "$" + "{apiKey}" } };
  const provider = { display_name: "Keyed", auth_mode: "API_KEY" as const, proxy };
  await send({ endpoint: "/x", params: { page: 1 } }, target("", { provider, credentials: KEY }));
  assert.equal(server.requests[0]?.url, "/x?page=1&hapi=s3cr3t%2Fkey");
  assert.equal(attempts[0]?.url, `${server.url}/x?page=1&hapi=***`);
});
