// Promise: redirects are followed up to five times, and credentials do not leave the origin they are for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSender, json, startServer, target } from "./server.ts";

const secret = { headers: { "x-api-key": "k", accept: "text/csv", "x-other": "1" } };
const withToken = (url: string) => target(url, { credentials: { type: "OAUTH2", access_token: "tok" } });

test("on its own origin a redirect keeps all headers", async (t) => {
  const server = await startServer(t, ({ url }, response) =>
    url === "/a" ? response.writeHead(302, { location: "b?x=1" }).end() : json(response, 200, { url }),
  );
  const { send } = createSender();
  const answer = await send({ endpoint: "/a", ...secret }, withToken(server.url));
  assert.deepEqual(answer.data, { url: "/b?x=1" });
  assert.equal(server.requests[1]?.headers.authorization, "Bearer tok");
  assert.equal(server.requests[1]?.headers["x-api-key"], "k");
});

test("another origin gets no credentials, unless the caller or the provider entry says so", async (t) => {
  const other = await startServer(t, (_seen, response) => json(response, 200, {}));
  const server = await startServer(t, (_seen, response) => response.writeHead(307, { location: other.url }).end());
  const { send } = createSender();
  await send({ ...secret }, withToken(server.url));
  await send({ ...secret, forwardHeadersOnRedirect: true }, withToken(server.url));
  const to = withToken(server.url);
  to.provider.proxy = { ...to.provider.proxy, forward_headers_on_redirect: true };
  await send({ ...secret }, to);
  await send({ ...secret, forwardHeadersOnRedirect: false }, to);
  const sent = other.requests.map(({ headers }) => [headers.authorization, headers["x-api-key"], headers["x-other"]]);
  const all = ["Bearer tok", "k", "1"];
  const none = [undefined, undefined, undefined];
  assert.deepEqual(sent, [none, all, all, none]);
  assert.equal(other.requests[0]?.headers.accept, "text/csv");
});

test("a POST becomes a GET after 301, 302 and 303, and stays a POST with its body after 307 and 308", async (t) => {
  const server = await startServer(t, ({ url }, response) =>
    url === "/end" ? json(response, 200, {}) : response.writeHead(Number(url.slice(1)), { location: "/end" }).end(),
  );
  const { send } = createSender();
  const seen: Record<string, string> = {};
  for (const status of ["301", "302", "303", "307", "308"]) {
    await send({ method: "POST", endpoint: status, data: { a: 1 } }, target(server.url));
    const { method, body, headers } = server.requests.at(-1)!;
    seen[status] = `${method} ${body} ${headers["content-type"] ?? "-"}`;
  }
  const kept = 'POST {"a":1} application/json';
  assert.deepEqual(seen, { "301": "GET  -", "302": "GET  -", "303": "GET  -", "307": kept, "308": kept });
});

test("the sixth redirect is one too many", async (t) => {
  const server = await startServer(t, ({ url }, response) => {
    const left = Number(url.slice(1));
    return left === 0 ? json(response, 200, {}) : response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const { send } = createSender();
  assert.equal((await send({ endpoint: "5" }, target(server.url))).status, 200);
  server.requests.length = 0;
  await assert.rejects(send({ endpoint: "6", retries: 2 }, target(server.url)), { code: "ERR_TOO_MANY_REDIRECTS" });
  assert.equal(server.requests.length, 6);
});
