// Promise: a function sees the provider's answer decompressed, decoded and parsed, whatever the provider packed it in.
import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { createSender, startServer, target } from "./server.ts";

const PACKED: [string, Buffer][] = [
  ["gzip", zlib.gzipSync('{"a":"ü"}')],
  ["br", zlib.brotliCompressSync('{"a":"ü"}')],
  ["deflate", zlib.deflateSync('{"a":"ü"}')],
  ["deflate", zlib.deflateRawSync('{"a":"ü"}')],
  ["zstd", zlib.zstdCompressSync('{"a":"ü"}')],
  ["deflate, gzip", zlib.gzipSync(zlib.deflateSync('{"a":"ü"}'))],
  ["identity", Buffer.from('{"a":"ü"}')],
];

test("compressed answers are unpacked, and their packing is no longer in the headers", async (t) => {
  const server = await startServer(t, (_seen, response, count) => {
    const [encoding, body] = PACKED[count - 1]!;
    response.writeHead(200, { "content-encoding": encoding, "content-length": body.length }).end(body);
  });
  const { send } = createSender();
  for (const [encoding] of PACKED) {
    const { data, headers } = await send({}, target(server.url));
    assert.deepEqual(data, { a: "ü" }, encoding);
    if (encoding !== "identity") assert.equal("content-encoding" in headers || "content-length" in headers, false);
  }
});

test("a compressed answer that is cut or grows over the limit is an error", async (t) => {
  const bomb = zlib.gzipSync("x".repeat(100_000));
  const cut = zlib.gzipSync('{"a":1}').subarray(0, -9);
  const server = await startServer(t, ({ url }, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(url === "/cut" ? cut : bomb),
  );
  const { send, waits } = createSender({ maxBodyBytes: 50_000 });
  await assert.rejects(send({ endpoint: "/cut", retries: 1 }, target(server.url)), { code: "ECONNRESET" });
  assert.deepEqual(waits, [3000]);
  await assert.rejects(send({ endpoint: "/bomb", retries: 1 }, target(server.url)), { code: "ERR_RESPONSE_TOO_LARGE" });
});

test("data is parsed JSON where it parses, and text or bytes where that was asked for", async (t) => {
  const bodies: Record<string, Buffer> = {
    "/json": Buffer.from('\ufeff{"a":1}'),
    "/text": Buffer.from("a,b\n1,2"),
    "/latin": Buffer.from("caf\xe9", "latin1"),
    "/empty": Buffer.alloc(0),
  };
  const server = await startServer(t, ({ url }, response) =>
    response
      .writeHead(200, { "content-type": url === "/latin" ? "text/plain; charset=iso-8859-1" : "x/y" })
      .end(bodies[url]),
  );
  const { send } = createSender();
  const data = async (endpoint: string, responseType?: "json" | "text" | "arraybuffer") =>
    (await send({ endpoint, responseType }, target(server.url))).data;
  assert.deepEqual(await data("/json"), { a: 1 });
  assert.deepEqual(await data("/json", "json"), { a: 1 });
  assert.equal(await data("/json", "text"), '{"a":1}');
  assert.deepEqual(await data("/text", "arraybuffer"), new Uint8Array(bodies["/text"]!));
  assert.equal(await data("/text"), "a,b\n1,2");
  assert.equal(await data("/latin"), "café");
  assert.equal(await data("/empty"), "");
});

test("headers come in lower case with repeated ones joined", async (t) => {
  const server = await startServer(t, (_seen, response) =>
    response.writeHead(200, "Fine", { Link: ["<a>; rel=next", "<b>; rel=last"], "X-One": "1" }).end(),
  );
  const { send } = createSender();
  const { headers, statusText } = await send({}, target(server.url));
  assert.equal(statusText, "Fine");
  assert.equal(headers.link, "<a>; rel=next, <b>; rel=last");
  assert.equal(headers["x-one"], "1");
});
