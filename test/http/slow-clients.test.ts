// Raw connections: what is no HTTP, what is too much, and what is too slow. The server lives, and others are served.
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { openDoor } from "../../src/http/door.ts";
import { until } from "../helpers/until.ts";
import { DEV_KEY, testApi } from "./api.ts";

const PATIENCE = {
  headersMs: 300,
  bodyMs: 300,
  bodyBytesPerSecond: 500,
  answerMs: 700,
  idleMs: 300,
  lookMs: 50,
};

type Raw = { socket: net.Socket; text: () => string; closed: Promise<string> };

/** A connection that sends `first`; `closed` gives all that came back once the other side has closed. */
const dial = async (url: string, first: string | Buffer = ""): Promise<Raw> => {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: false });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {});
  const text = () => Buffer.concat(chunks).toString("latin1");
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text())));
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  socket.write(first);
  return { socket, text, closed };
};

const talk = async (url: string, sent: string | Buffer): Promise<string> => await (await dial(url, sent)).closed;

const outcome = (answer: string): string => {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  return status === undefined ? "closed" : `${status} ${JSON.parse(body).error.code}`;
};

const head = (line: string, ...headers: string[]) => `${[line, "Host: x", ...headers].join("\r\n")}\r\n\r\n`;

test("requests that cannot be read, or are too much, end their own connection with a failure of the usual shape", async (t) => {
  const api = await testApi(t);
  const auth = `Authorization: Bearer ${DEV_KEY}`;
  const json = "Content-Type: application/json";
  const patch = "PATCH /environment/webhooks HTTP/1.1";
  const table: [string, string | Buffer, string | RegExp][] = [
    ["no HTTP at all", "hello\r\n\r\n", "400 malformed_request"],
    ["a TLS hello", Buffer.from("16030100a5010000a10303", "hex"), "400 malformed_request"],
    ["a lone binary", Buffer.alloc(64, 0xff), "400 malformed_request"],
    ["no host", "GET /health HTTP/1.1\r\n\r\n", "400 malformed_request"],
    ["another version", head("GET /health HTTP/9.9"), "400 malformed_request"],
    ["a bare line feed in a header", head("GET /health HTTP/1.1", "A: b\nC d"), "400 malformed_request"],
    ["a header of 20 KB", head("GET /health HTTP/1.1", `A: ${"x".repeat(20_000)}`), "431 headers_too_large"],
    ["2,000 headers", head("GET /health HTTP/1.1", ...Array(2_000).fill("Aaaaaaa: b")), "431 headers_too_large"],
    ["a path of 20 KB", head(`GET /${"x".repeat(20_000)} HTTP/1.1`), "431 headers_too_large"],
    ["a length that is no number", head(patch, auth, json, "Content-Length: ten"), "400 malformed_request"],
    ["a negative length", head(patch, auth, json, "Content-Length: -1"), "400 malformed_request"],
    ["two lengths", head(patch, auth, json, "Content-Length: 2", "Content-Length: 3"), "400 malformed_request"],
    [
      "a length and chunks",
      `${head(patch, auth, json, "Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n`,
      "400 malformed_request",
    ],
    [
      "a chunk of no size",
      `${head(patch, auth, json, "Transfer-Encoding: chunked")}zz\r\n`,
      /^(closed|400 malformed_request)$/,
    ],
    [
      "something else expected",
      head(patch, auth, json, "Expect: a-miracle", "Connection: close"),
      "417 malformed_request",
    ],
    [
      "a body beyond 2 MB",
      `${head(patch, auth, json, `Content-Length: ${80 * 1024 * 1024}`)}${"x".repeat(1000)}`,
      "413 request_too_large",
    ],
    [
      "a body beyond 2 MB in chunks",
      `${head(patch, auth, json, "Transfer-Encoding: chunked")}300000\r\n"${"x".repeat(0x2fffff)}\r\n`,
      "413 request_too_large",
    ],
    [
      "a body of a wrong key",
      `${head(patch, json, "Authorization: Bearer x", "Content-Length: 90000000")}{`,
      "401 unknown_account",
    ],
    ["a tunnel", head("CONNECT example.com:443 HTTP/1.1", auth), "closed"],
  ];
  await Promise.all(
    table.map(async ([name, sent, expected]) => {
      const began = performance.now();
      const found = outcome(await talk(api.url, sent));
      assert.ok(performance.now() - began < 15_000, `${name}: it took long`);
      if (typeof expected === "string") assert.equal(found, expected, name);
      else assert.match(found, expected, name);
    }),
  );

  await t.test("a good request before garbage is answered or dropped, never mixed up", async () => {
    const answer = await talk(api.url, `${head("GET /health HTTP/1.1")}garbage\r\n\r\n`);
    assert.match(answer, /^(|HTTP\/1\.1 200 OK\r\n[\s\S]*\{"result":"ok"\}(HTTP\/1\.1 400 [\s\S]*)?)$/);
  });

  await t.test("who asks first whether to send a body is told after the key was checked", async () => {
    const ask = (key: string) =>
      head(patch, json, `Authorization: Bearer ${key}`, "Content-Length: 2", "Expect: 100-continue");
    const refused = await talk(api.url, ask("wrong"));
    assert.match(refused, /^HTTP\/1\.1 401 /);
    const good = await dial(api.url, ask(DEV_KEY));
    await until("it is told to go on", () => good.text().startsWith("HTTP/1.1 100 Continue"));
    good.socket.write("{}");
    await until("it is answered", () => good.text().includes("HTTP/1.1 200 OK"));
    good.socket.destroy();
  });

  await t.test("an upgrade that nobody offers is an ordinary request", async () => {
    const asked = await dial(api.url, head("GET /health HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"));
    await until("it is answered", () => asked.text().includes('{"result":"ok"}'));
    asked.socket.destroy();
  });

  assert.equal((await api.call("GET", "/connections")).status, 200);
  assert.deepEqual(
    api.logged.filter((line) => line.includes("http.failed")),
    [],
  );
});

/** A door with little patience before this handler. */
const impatientDoor = async (t: TestContext, app: RequestListener): Promise<string> => {
  const door = await openDoor({ host: "127.0.0.1", port: 0 }, PATIENCE);
  t.after(() => door.close({ drainMs: 0 }));
  door.serve(app);
  return door.url;
};

const readAll: RequestListener = (req, res) => {
  let bytes = 0;
  req.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  req.on("end", () => res.end(String(bytes)));
};

/** Write `text` in pieces, every 50 ms, for as long as the connection stands. */
const trickle = async ({ socket }: Raw, piece: string, times = 200): Promise<void> => {
  for (let n = 0; n < times && !socket.destroyed; n++) {
    socket.write(piece);
    await pause(50);
  }
};

test("headers that come drop by drop, or not at all, are waited for so long and no longer", async (t) => {
  const url = await impatientDoor(t, readAll);
  const silent = await dial(url);
  const slow = await dial(url, "GET / HTTP/1.1\r\n");
  void trickle(slow, "A: b\r\n");
  assert.equal(outcome(await slow.closed), "408 request_timeout");
  assert.equal(outcome(await silent.closed), "408 request_timeout");
});

test("a body has to come at some pace, or the request ends; one that does may take long", async (t) => {
  const url = await impatientDoor(t, readAll);
  const post = (length: number) => head("POST / HTTP/1.1", `Content-Length: ${length}`);
  const stuck = await dial(url, post(100));
  const drops = await dial(url, post(1000));
  void trickle(drops, "x");
  const chunks = await dial(url, head("POST / HTTP/1.1", "Transfer-Encoding: chunked"));
  void trickle(chunks, "1\r\nx\r\n");
  for (const one of [stuck, drops, chunks]) assert.equal(outcome(await one.closed), "408 request_timeout");
  const steady = await dial(url, post(1200));
  await trickle(steady, "x".repeat(60), 20); // 1.2 kB a second
  await until("it is answered", () => steady.text().endsWith("1200"));
  steady.socket.destroy();
});

test("a body that we do not take in time is not the client's fault", async (t) => {
  let isRead = false;
  const url = await impatientDoor(t, (req, res) => {
    setTimeout(() => {
      isRead = true;
      readAll(req, res);
    }, 1_000);
  });
  const length = 1024 * 1024;
  const answer = await fetch(url, { method: "POST", body: "x".repeat(length) });
  assert.equal(await answer.text(), String(length));
  assert.ok(isRead);
});

test("who does not take an answer loses it; a stream that is silent or slow goes on", async (t) => {
  const url = await impatientDoor(t, async (req, res) => {
    if (req.url === "/large") return void res.end(Buffer.alloc(64 * 1024 * 1024));
    res.writeHead(200).write("first");
    await pause(1_000);
    for (let n = 0; n < 10; n++) {
      res.write(".");
      await pause(50);
    }
    res.end("last");
  });
  const asked = await dial(url, head("GET /large HTTP/1.1"));
  asked.socket.pause();
  const isClosed = asked.closed.then(() => true);
  const stream = await fetch(`${url}/stream`);
  assert.equal(await stream.text(), "first..........last");
  asked.socket.resume();
  assert.equal(await isClosed, true);
  assert.ok(asked.text().length < 64 * 1024 * 1024, "it was cut");
});

test("a connection without a request is closed after a while", async (t) => {
  const url = await impatientDoor(t, readAll);
  const idle = await dial(url, head("GET / HTTP/1.1"));
  assert.match(await idle.closed, /^HTTP\/1\.1 200 OK/);
});

test("a hundred slow clients do not keep others waiting", async (t) => {
  const url = await impatientDoor(t, readAll);
  const slow = await Promise.all(Array.from({ length: 100 }, () => dial(url, "GET / HTTP/1.1\r\nA: ")));
  const began = performance.now();
  for (let n = 0; n < 20; n++) assert.equal((await fetch(url)).status, 200);
  assert.ok(performance.now() - began < 2_000);
  await Promise.all(slow.map(({ closed }) => closed));
});
