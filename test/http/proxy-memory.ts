// So many bytes through the proxy of a server in its own process, down and up, and what its memory grows by meanwhile.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TestContext } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { figures } from "../helpers/figures.ts";
import { startSyncline } from "../helpers/processes.ts";
import { of } from "./api.ts";
import { read } from "./proxy-world.ts";

const MB = 1024 * 1024;
const MOST_GROWTH_MB = 50;
const WARM_UP_MB = 32;

function* zeros(bytes: number) {
  const chunk = Buffer.alloc(64 * 1024);
  for (let left = bytes; left > 0; left -= chunk.length) yield left < chunk.length ? chunk.subarray(0, left) : chunk;
}

const count = async (stream: AsyncIterable<Buffer>): Promise<number> => {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
};

/** GET /<bytes> gives so many bytes, PUT tells how many came. */
const startStore = async (t: TestContext): Promise<string> => {
  const server = createServer(async (req, res) => {
    if (req.method === "PUT") return void res.end(String(await count(req)));
    const bytes = Number(req.url!.slice(1));
    res.writeHead(200, { "content-length": bytes });
    await pipeline(Readable.from(zeros(bytes), { objectMode: false }), res).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const memoryOf = (pid: number, field: "VmRSS" | "VmHWM"): number => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
};

/** From now on VmHWM is the most memory since now. */
const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5");

/** Both directions, `megabytes` each; fails when the server grows by 50 MB at any moment of it. */
export const proxyMegabytes = async (t: TestContext, megabytes: number): Promise<void> => {
  const db = await testDatabase(t, { poolSize: 1 });
  const store = await startStore(t);
  const server = await startSyncline(t, {
    DATABASE_URL: db.url,
    SYNCLINE_ROLE: "api",
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
  });
  const { url } = (await server.line(({ event }) => event === "server.started")) as { url: string };
  const authorization = `Bearer ${TEST_API_KEY}`;
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { authorization, "content-type": "application/json" };
    const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    assert.ok(response.ok, await response.text());
  };
  await post("/integrations", { provider: "unauthenticated", unique_key: "store" });
  const credentials = { type: "NONE" };
  const connection_config = { baseUrl: store };
  await post("/connections", { provider_config_key: "store", connection_id: "one", credentials, connection_config });

  const headers = { authorization, ...of("store", "one"), "base-url-override": store };
  const download = async (bytes: number): Promise<void> => {
    const response = await fetch(`${url}/proxy/${bytes}`, { headers });
    assert.equal(await count(response.body as unknown as AsyncIterable<Buffer>), bytes);
  };
  const upload = async (bytes: number): Promise<void> => {
    const asked = request(`${url}/proxy/up`, { method: "PUT", headers: { ...headers, "content-length": bytes } });
    const answer = read(asked);
    await pipeline(Readable.from(zeros(bytes), { objectMode: false }), asked);
    assert.equal((await answer).text, String(bytes));
  };

  await download(WARM_UP_MB * MB);
  await upload(WARM_UP_MB * MB);
  for (const [name, transfer] of Object.entries({ download, upload })) {
    const before = memoryOf(server.pid, "VmRSS");
    forgetPeak(server.pid);
    const startedAt = performance.now();
    await transfer(megabytes * MB);
    const seconds = (performance.now() - startedAt) / 1000;
    const grownMb = Math.round(memoryOf(server.pid, "VmHWM") - before);
    figures(t, {
      name,
      megabytes,
      beforeMb: Math.round(before),
      grownMb,
      mbPerSecond: Math.round(megabytes / seconds),
    });
    assert.ok(grownMb < MOST_GROWTH_MB, `${name}: the server grew by ${grownMb} MB`);
  }
};
