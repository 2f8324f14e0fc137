// Promise: bodies pass through /proxy as they come, no more of them is held than is on its way, and what breaks off at one end
// breaks off at the other: half an answer is never taken for a whole one.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Nango } from "@nangohq/node";
import { until } from "../helpers/until.ts";
import { DEV_KEY } from "./api.ts";
import { proxyWorld, read } from "./proxy-world.ts";

const MB = 1024 * 1024;
const connection = { providerConfigKey: "crm", connectionId: "one" };

test("streams through /proxy", async (t) => {
  const { api, upstream, open, ask, lines } = await proxyWorld(t);

  await t.test("the first byte of an answer is there before its last is written", async () => {
    let ending = () => {};
    upstream.on("/slow", (_req, res) => {
      res.writeHead(200).write("first");
      ending = () => res.end(" last");
    });
    const asked = open("GET", "/slow").end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    const parts = answer[Symbol.asyncIterator]();
    assert.equal(String((await parts.next()).value), "first");
    ending();
    assert.equal(String((await parts.next()).value), " last");
    assert.equal((await parts.next()).done, true);
  });

  await t.test("headers come before the first byte of a body", async () => {
    let ending = () => {};
    upstream.on("/events", (_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      ending = () => res.end();
    });
    const asked = open("GET", "/events").end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    assert.equal(answer.headers["content-type"], "text/event-stream");
    ending();
    await once(answer.resume(), "end");
  });

  await t.test("the first byte of an upload is there before its last is written", async () => {
    const arrived: string[] = [];
    upstream.on("/upload", (req, res) => {
      req.on("data", (chunk) => arrived.push(String(chunk))).on("end", () => res.end(arrived.join("|")));
    });
    const asked = open("PUT", "/upload");
    asked.write("first");
    await until("the first part has arrived", () => arrived.length === 1);
    const answer = read(asked);
    asked.end("last");
    assert.equal((await answer).text, "first|last");
  });

  await t.test("binary and multipart bodies are the same at both ends", async () => {
    const bytes = randomBytes(3 * MB);
    upstream.on("/echo", (req, res) => req.pipe(res));
    const echoed = await ask("POST", "/echo", { body: bytes, headers: { "content-type": "application/octet-stream" } });
    assert.ok(echoed.body.equals(bytes));

    const nango = new Nango({ host: api.url, secretKey: DEV_KEY });
    const form = new FormData();
    form.set("file", new Blob([bytes.subarray(0, 1000)], { type: "image/png" }), "a.bin");
    form.set("note", "héllo");
    const encoded = new Response(form);
    const sent = Buffer.from(await encoded.arrayBuffer());
    const headers = { "Content-Type": encoded.headers.get("content-type")! };
    const got = await nango.post<ArrayBuffer>({
      ...connection,
      endpoint: "/echo",
      data: sent,
      headers,
      responseType: "arraybuffer",
    });
    assert.ok(Buffer.from(got.data).equals(sent));
    const named = new FormData();
    named.set("file", new Blob([bytes.subarray(0, 1000)]), "b.bin");
    await nango.post({
      ...connection,
      endpoint: "/form",
      data: named,
      headers: { "Content-Type": "multipart/form-data" },
    });
    const { headers: came, body } = upstream.seen.at(-1)!;
    const parsed = await new Response(new Uint8Array(body), {
      headers: { "content-type": came["content-type"]! },
    }).formData();
    assert.deepEqual(Buffer.from(await (parsed.get("file") as File).arrayBuffer()), bytes.subarray(0, 1000));
  });

  await t.test("a caller that goes away ends the provider's request, before the answer and within it", async () => {
    const gone: string[] = [];
    const note = (what: string) => (_req: IncomingMessage, res: ServerResponse) => {
      res.on("close", () => gone.push(what));
      if (what === "within") res.writeHead(200).write("some");
    };
    upstream.on("/before", note("before"));
    upstream.on("/within", note("within"));
    const before = open("GET", "/before")
      .on("error", () => {})
      .end();
    await until("it has arrived", () => upstream.count("/before") === 1);
    before.destroy();
    await until("it is over", () => gone.includes("before"));
    const within = open("GET", "/within")
      .on("error", () => {})
      .end();
    const [answer] = (await once(within, "response")) as [IncomingMessage];
    answer.on("error", () => {});
    await once(answer, "data");
    within.destroy();
    await until("it is over", () => gone.includes("within"));
  });

  await t.test("an upload that breaks off does not end well for the provider either", async () => {
    let end = "";
    upstream.on("/broken-upload", (req) => {
      req
        .on("data", () => {})
        .on("end", () => (end = "whole"))
        .on("error", () => (end = "broken"));
    });
    const asked = open("POST", "/broken-upload", { headers: { "transfer-encoding": "chunked" } }).on("error", () => {});
    asked.write("half");
    await until("it has arrived", () => upstream.count("/broken-upload") === 1);
    asked.destroy();
    await until("it is over", () => end !== "");
    assert.equal(end, "broken");
  });

  await t.test("an answer that breaks off is cut off for the caller, and the log says so", async () => {
    const cut = (headers: Record<string, string>) => (_req: IncomingMessage, res: ServerResponse) => {
      res.writeHead(200, headers).write("half", () => setImmediate(() => res.destroy()));
    };
    upstream.on("/cut-length", cut({ "content-length": "1000" }));
    upstream.on("/cut-chunked", cut({}));
    upstream.on("/cut-packed", (_req, res) => {
      res.writeHead(200, { "content-encoding": "gzip" });
      res.end(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]));
    });
    for (const path of ["/cut-length", "/cut-chunked", "/cut-packed"])
      await assert.rejects(ask("GET", path, { headers: { decompress: "true" } }), { code: "ECONNRESET" }, path);
    const ends = (await lines()).filter(({ detail }) => detail.error === "broke off").map(({ detail }) => detail.url);
    assert.deepEqual(
      ends,
      ["/cut-length", "/cut-chunked", "/cut-packed"].map((path) => upstream.url + path),
    );
  });

  await t.test("a caller that reads slowly slows the provider down", async () => {
    let written = 0;
    let isBlocked = false;
    upstream.on("/flood", async (_req, res) => {
      const chunk = Buffer.alloc(64 * 1024);
      while (written < 64 * MB && !res.destroyed) {
        written += chunk.length;
        if (res.write(chunk)) continue;
        isBlocked = true;
        await once(res, "drain").catch(() => {});
        isBlocked = false;
      }
      res.end();
    });
    const asked = open("GET", "/flood").end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    await until("nothing moves", async () => {
      const before = written;
      for (let n = 0; n < 50; n++) await turn();
      return isBlocked && before === written && written > 0;
    });
    assert.ok(written < 24 * MB, `${written} bytes were taken from the provider`);
    let size = 0;
    for await (const chunk of answer) size += chunk.length;
    assert.equal(size, 64 * MB);
  });

  await t.test("an answer before the end of an upload is passed on, and the rest of it does not matter", async () => {
    upstream.on("/early", (_req, res) => res.writeHead(413, { connection: "close" }).end("too much"));
    const asked = open("POST", "/early", { headers: { "content-length": String(8 * MB) } });
    const answer = read(asked);
    asked.write(Buffer.alloc(64 * 1024));
    assert.deepEqual([(await answer).status, (await answer).text], [413, "too much"]);
    asked.end(Buffer.alloc(8 * MB - 64 * 1024));
    const refused = open("POST", "/x", { headers: { "connection-id": "no", "content-length": String(8 * MB) } });
    refused.write("x");
    assert.equal((await read(refused)).status, 400);
    refused.destroy();
  });

  await t.test("the published client gets what the provider answers, by every verb it has", async () => {
    const nango = new Nango({ host: api.url, secretKey: DEV_KEY });
    const told = async (method: string, config: object) => {
      const { status, data } = await nango.proxy<{ method: string; url: string; body: string }>({
        ...connection,
        method: method as "GET",
        endpoint: "/told",
        ...config,
      });
      return [status, data.method, data.url, data.body];
    };
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "REPORT"])
      assert.deepEqual(await told(method, { data: { a: 1 }, retries: 2 }), [200, method, "/told", '{"a":1}']);
    assert.deepEqual(await told("GET", { params: { q: "a b" }, decompress: true }), [200, "GET", "/told?q=a+b", ""]);
    assert.deepEqual(await told("get", { params: "x=1", retryOn: [404], forwardHeadersOnRedirect: true }), [
      200,
      "GET",
      "/told?x=1",
      "",
    ]);
    upstream.on("/teapot", (_req, res) => res.writeHead(418, { "x-why": "tea" }).end('{"short":"stout"}'));
    const failed = await nango.get({ ...connection, endpoint: "/teapot" }).catch((error) => error.response);
    assert.deepEqual([failed.status, failed.data, failed.headers["x-why"]], [418, { short: "stout" }, "tea"]);
    const stream = await nango.get<NodeJS.ReadableStream>({ ...connection, endpoint: "/told", responseType: "stream" });
    const parts: Buffer[] = [];
    for await (const part of stream.data) parts.push(part as Buffer);
    assert.equal(JSON.parse(Buffer.concat(parts).toString()).url, "/told");
  });
});
