// Promise: a request to /proxy reaches the provider as it was made, with credentials, and its answer comes back as it is.
import assert from "node:assert/strict";
import { type IncomingMessage, METHODS, type ServerResponse } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { PROD_KEY } from "./api.ts";
import { proxyWorld, startUpstream } from "./proxy-world.ts";

test("ANY /proxy", async (t) => {
  const { api, upstream, ask, lines } = await proxyWorld(t);

  await t.test("path and query arrive byte for byte, after the base URL", async () => {
    const targets = {
      "/a/b?x=1": "/a/b?x=1",
      "/a%2Fb/%7Ec;d=1/e%20f?q='x'&y=%c3%a9&z=a+b&empty=&x=1&x=2":
        "/a%2Fb/%7Ec;d=1/e%20f?q='x'&y=%c3%a9&z=a+b&empty=&x=1&x=2",
      "/a?b?c=http://x/?y": "/a?b?c=http://x/?y",
      "/": "/",
      "": "/",
      "?x=1": "/?x=1",
      "//double": "//double",
      "/../../etc": "/../../etc",
      "/%2e%2e/x": "/%2e%2e/x",
      "/http://evil.example/x": "/http://evil.example/x",
      "/@evil.example/x": "/@evil.example/x",
      [`/${upstream.url}/again?page=2`]: "/again?page=2",
      [`/${upstream.url}.evil.example/`]: `/${upstream.url}.evil.example/`,
    };
    for (const [path, arrived] of Object.entries(targets)) {
      assert.equal((await ask("GET", path)).status, 200, path);
      assert.equal(upstream.seen.at(-1)?.url, arrived, path);
    }
  });

  await t.test("every verb that Node reads passes, with its body", async () => {
    const verbs = METHODS.filter((verb) => verb !== "CONNECT");
    assert.ok(verbs.includes("PROPFIND") && verbs.includes("REPORT") && verbs.includes("OPTIONS"));
    for (const method of verbs) {
      const answer = await ask(method, "/verb", { body: "text", headers: { "content-type": "text/plain" } });
      assert.equal(answer.status, 200, method);
      const { method: arrived, body } = upstream.seen.at(-1)!;
      assert.deepEqual([arrived, body.toString()], [method, "text"]);
    }
  });

  await t.test("credentials are added, prefixed headers go on, others and those of the connection do not", async () => {
    const headers = {
      "nango-proxy-X-One": "1",
      "nango-proxy-accept": "text/csv",
      "nango-proxy-host": "evil.example",
      "nango-proxy-connection": "close",
      "nango-proxy-content-length": "5",
      "nango-proxy-transfer-encoding": "chunked",
      "x-other": "not for them",
      cookie: "a=b",
      accept: "text/html",
      "nango-activity-log-id": "",
      "base-url-override": "",
      "content-type": "application/json",
    };
    await ask("POST", "/headers", { headers, body: "{}" });
    const { headers: arrived } = upstream.seen.at(-1)!;
    const { "user-agent": agent, connection: _connection, host, ...rest } = arrived;
    assert.match(agent ?? "", /^syncline\//);
    assert.equal(`http://${host}`, upstream.url);
    assert.deepEqual(rest, {
      "x-api-key": "key of one",
      "x-one": "1",
      accept: "text/csv",
      "accept-encoding": "identity",
      "content-type": "application/json",
      "content-length": "2",
    });
    await ask("GET", "/headers", { headers: { "nango-proxy-x-api-key": "mine", "accept-encoding": "br" } });
    const { "x-api-key": authorization, "accept-encoding": encoding } = upstream.seen.at(-1)!.headers;
    assert.deepEqual([authorization, encoding], ["mine", "br"]);
  });

  await t.test(
    "status, headers and body come back as they are, but for what is of the hop or of our origin",
    async () => {
      upstream.on("/answer", (req, res) => {
        const length: Record<string, string> = req.method === "POST" ? { "content-length": "8" } : {};
        res.writeHead(201, {
          ...length,
          "content-type": "text/csv",
          "content-disposition": Buffer.from('attachment; filename="é.csv"', "utf8").toString("latin1"),
          etag: '"1"',
          location: "/there",
          link: ['<a>; rel="next"', '<b>; rel="last"'],
          "x-ratelimit-remaining": "7",
          "x-request-id": "r1",
          "mcp-session-id": "m1",
          "set-cookie": "session=evil",
          "strict-transport-security": "max-age=1",
          "access-control-allow-origin": "https://only.example",
          connection: "x-hop",
          "x-hop": "1",
        });
        res.end("a,b\n1,2\n");
      });
      const { status, headers, text } = await ask("GET", "/answer");
      assert.deepEqual([status, text], [201, "a,b\n1,2\n"]);
      const { date: _date, connection: _connection, "keep-alive": _alive, ...rest } = headers;
      assert.deepEqual(rest, {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": rest["access-control-expose-headers"],
        "content-type": "text/csv",
        "content-disposition": Buffer.from('attachment; filename="é.csv"', "utf8").toString("latin1"),
        etag: '"1"',
        location: "/there",
        link: '<a>; rel="next", <b>; rel="last"',
        "x-ratelimit-remaining": "7",
        "x-request-id": "r1",
        "mcp-session-id": "m1",
        "transfer-encoding": "chunked",
      });
    },
  );

  await t.test("answers without a body stay so: 204, 304 and HEAD with its length", async () => {
    upstream.on("/none", (req, res) => {
      if (req.method === "HEAD") res.writeHead(200, { "content-length": "1234", etag: "x" }).end();
      else res.writeHead(req.method === "GET" ? 304 : 204, { etag: "y" }).end();
    });
    const got = [await ask("GET", "/none"), await ask("DELETE", "/none"), await ask("HEAD", "/none")];
    assert.deepEqual(
      got.map(({ status, headers, text }) => [status, headers.etag, headers["content-length"], text]),
      [
        [304, "y", undefined, ""],
        [204, "y", undefined, ""],
        [200, "x", "1234", ""],
      ],
    );
  });

  await t.test("a provider's errors come back verbatim", async () => {
    for (const status of [400, 401, 403, 404, 409, 418, 422, 429, 500, 503]) {
      const body = JSON.stringify({ error: `it is ${status}`, big: "x".repeat(status === 422 ? 300_000 : 1) });
      upstream.on(`/error/${status}`, (_req, res) =>
        res
          .writeHead(status, { "content-type": "application/problem+json", "x-why": "because", "retry-after": "0.001" })
          .end(body),
      );
      const { status: got, headers, text } = await ask("GET", `/error/${status}`);
      assert.deepEqual(
        [got, text, headers["x-why"], headers["content-type"]],
        [status, body, "because", "application/problem+json"],
      );
    }
  });

  await t.test("a packed answer stays packed, or is unpacked where the caller or the provider says so", async () => {
    const packed = gzipSync("unpacked");
    upstream.on("/packed", (_req, res) =>
      res.writeHead(200, { "content-encoding": "gzip", "content-length": String(packed.length) }).end(packed),
    );
    const asIs = await ask("GET", "/packed", { headers: { "accept-encoding": "gzip" } });
    assert.deepEqual([asIs.headers["content-encoding"], asIs.body], ["gzip", packed]);
    const opened = await ask("GET", "/packed", { headers: { decompress: "true" } });
    assert.deepEqual([opened.headers["content-encoding"], opened.text], [undefined, "unpacked"]);
    await ask("GET", "/else", { headers: { decompress: "true" } });
    assert.equal(upstream.seen.at(-1)?.headers["accept-encoding"], "gzip, br, deflate");
  });

  await t.test("another base URL holds for the request, also as a template of the connection", async () => {
    const other = await startUpstream(t);
    await ask("GET", "/x?y=1", { headers: { "base-url-override": `${other.url}/v2/` } });
    assert.equal(other.seen[0]?.url, "/v2/x?y=1");
    await ask("GET", "/x", { headers: { "base-url-override": `\${connectionConfig.baseUrl}/v3` } });
    assert.equal(upstream.seen.at(-1)?.url, "/v3/x");
  });

  await t.test("what is wrong is said with the code that clients know", async () => {
    const code = async (headers: Record<string, string>, key?: string) => {
      const { status, text } = await ask("GET", "/x", { headers, ...(key && { key }) });
      return `${status} ${JSON.parse(text).error.code}`;
    };
    await api.must("POST", "/integrations", { body: { provider: "unauthenticated", unique_key: "bare" } });
    const bare = { provider_config_key: "bare", connection_id: "b", credentials: { type: "NONE" } };
    await api.must("POST", "/connections", { body: bare });
    await api.connect("crm", "baseless");
    const before = upstream.seen.length;
    assert.equal(await code({ "connection-id": "no" }), "400 server_error");
    assert.equal(await code({ "provider-config-key": "no" }), "404 unknown_provider_config");
    assert.equal(await code({}, PROD_KEY), "404 unknown_provider_config");
    assert.equal(await code({}, "nobody-has-this-key"), "401 unknown_account");
    assert.equal(await code({ "connection-id": "baseless" }), "400 missing_api_url");
    for (const [name, value] of [
      ["retries", "many"],
      ["retries", "-1"],
      ["retry-on", "404,abc"],
      ["base-url-override", "not a url"],
      ["base-url-override", "file:///etc/passwd"],
      ["decompress", "yes"],
      ["forward-headers-on-redirect", "1"],
      ["connection-id", ""],
    ] as const)
      assert.equal(await code({ [name]: value }), "400 invalid_headers", `${name}: ${value}`);
    const malformed = await ask("GET", "/100%");
    assert.deepEqual([malformed.status, JSON.parse(malformed.text).error.code], [400, "invalid_uri_params"]);
    assert.equal(await code({ "base-url-override": "http://192.168.0.1" }), "400 base_url_override_not_allowed");
    assert.equal(await code({ "base-url-override": "http://127.0.0.1:1" }), "424 provider_unreachable");
    assert.equal(upstream.seen.length, before);
  });

  await t.test("Retries, Retry-On and Forward-Headers-On-Redirect are obeyed", async () => {
    const fail = (status: number) => (req: IncomingMessage, res: ServerResponse, count: number) =>
      count % 3 === 0
        ? res.end(req.headers["x-api-key"])
        : res.writeHead(status, { "retry-after": "0.01" }).end(`failure ${count}`);
    upstream.on("/flaky", fail(503));
    upstream.on("/named", fail(404));
    const texts = [
      (await ask("GET", "/flaky")).text,
      (await ask("GET", "/flaky", { headers: { retries: "1" } })).text,
      (await ask("POST", "/flaky", { headers: { retries: "" }, body: "x" })).text,
      (await ask("POST", "/flaky", { headers: { retries: "2" }, body: "x" })).text,
      (await ask("GET", "/named", { headers: { retries: "5" } })).text,
      (await ask("GET", "/named", { headers: { retries: "5", "retry-on": "418, 404" } })).text,
    ];
    const key = "key of one";
    assert.deepEqual(texts, ["failure 1", key, "failure 4", key, "failure 1", key]);

    const other = await startUpstream(t);
    upstream.on("/moved", (_req, res) => res.writeHead(302, { location: `${other.url}/there` }).end());
    for (const says of ["", "true", "false"])
      await ask("GET", "/moved", { headers: { "forward-headers-on-redirect": says } });
    assert.deepEqual(
      other.seen.map(({ headers }) => headers["x-api-key"]),
      [undefined, key, undefined],
    );
  });

  await t.test("each attempt is a line of the log, without any secret", async () => {
    await ask("GET", "/logged?api_key=sesame&page=2&echo=key+of+one");
    const last = (await lines()).at(-1)!;
    assert.deepEqual(
      [last.environment_id, last.level, last.message],
      [api.dev.id, "info", `GET ${upstream.url}/logged?api_key=***&page=2&echo=*** 200`],
    );
    assert.deepEqual(Object.keys(last.detail).sort(), ["attempt", "method", "ms", "retry_in_ms", "status", "url"]);
    const all = JSON.stringify(await lines()) + api.logged.join("");
    for (const secret of ["key of one", "key%20of%20one", "sesame"]) assert.ok(!all.includes(secret), secret);
    const [row] = await api.db.query("select distinct connection_id from syncline.logs where kind = 'request'");
    assert.ok(row?.connection_id > 0);
  });

  await t.test("a request costs one statement, and its connection is noted as in use once an hour", async () => {
    const { pool } = api.db;
    const query = pool.query as (...given: unknown[]) => unknown;
    const sent: string[] = [];
    const counting = (...given: unknown[]) => {
      sent.push((given[0] as { name?: string }).name?.split(" ")[0] ?? "");
      return query.apply(pool, given);
    };
    pool.query = counting as typeof pool.query;
    for (let n = 0; n < 10; n++) await ask("GET", "/counted");
    pool.query = query as typeof pool.query;
    const ofRequests = sent.filter((name) => name === "open_target");
    assert.equal(ofRequests.length, 10);
    const others = new Set(sent.filter((name) => name !== "open_target"));
    for (const own of ["append_logs", "current_rate_limits", "beat"]) others.delete(own);
    assert.deepEqual([...others], []);

    const fetched = async () =>
      (await api.db.query("select last_fetched_at from syncline.connections where connection_id = 'one'"))[0]!
        .last_fetched_at;
    const first = await fetched();
    await ask("GET", "/counted");
    assert.deepEqual(await fetched(), first);
    await api.db.query("update syncline.connections set last_fetched_at = now() - interval '61 minutes'");
    await ask("GET", "/counted");
    assert.ok((await fetched()) >= first);
  });
});

test("a server may limit calls, whose headers stand then, and take no base URLs but those of its providers", async (t) => {
  const access = { requestsPerMinute: 1000, refusesBaseUrls: true };
  const { upstream, ask } = await proxyWorld(t, { access });
  upstream.on("/x", (_req, res) => res.writeHead(200, { "x-ratelimit-limit": "7", "x-ratelimit-used": "1" }).end());
  const { headers } = await ask("GET", "/x", { headers: { "base-url-override": "" } });
  assert.deepEqual([headers["x-ratelimit-limit"], headers["x-ratelimit-used"]], ["1000", "1"]);
  const refused = await ask("GET", "/x", { headers: { "base-url-override": upstream.url } });
  assert.deepEqual([refused.status, JSON.parse(refused.text).error.code], [400, "base_url_override_disabled"]);
  assert.equal(upstream.count("/x"), 1);
});
