// The proxy beside a direct request: what it adds to a small one, and what is left of the speed of a large one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Result } from "./result.ts";
import type { Bench } from "./setup.ts";
import { API_KEY } from "./setup.ts";

const SMALL = 1_000;
const LARGE_MB = 256;
const AT_ONCE = 20;

// In a process of its own, or it would be measured with the server.
const STORE = `
const { createServer } = require("node:http");
const chunk = Buffer.alloc(64 * 1024);
createServer((req, res) => {
  let left = Number(req.url.slice(1)) * 16;
  if (left === 0) return res.setHeader("content-type", "application/json").end('{"ok":true}');
  const more = () => { while (left-- > 0) if (!res.write(chunk)) return res.once("drain", more); res.end(); };
  more();
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;

const startStore = async () => {
  const child = spawn(process.execPath, ["-e", STORE], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(child.stdout, "data");
  return { url: `http://127.0.0.1:${Number(port)}`, stop: () => child.kill() };
};

const percentile = (times: number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * share)]!;

/** Figures of the proxy, on a server in this process. */
export const benchProxy = async (bench: Bench): Promise<Result[]> => {
  const store = await startStore();
  await bench.connect("store", store.url);
  const headers = { authorization: `Bearer ${API_KEY}`, "provider-config-key": "bench", "connection-id": "store" };
  const proxied = { ...headers, "base-url-override": store.url };
  const direct = (path: string) => fetch(store.url + path);
  const through = (path: string) => fetch(`${bench.server.url}/proxy${path}`, { headers: proxied });

  const latencies = async (ask: (path: string) => Promise<Response>): Promise<number[]> => {
    const times: number[] = [];
    for (let n = 0; n < SMALL; n++) {
      const startedAt = performance.now();
      await (await ask("/0")).arrayBuffer();
      times.push(performance.now() - startedAt);
    }
    return times;
  };
  const perSecond = async (ask: (path: string) => Promise<Response>): Promise<number> => {
    const startedAt = performance.now();
    const loop = async () => {
      for (let n = 0; n < SMALL / AT_ONCE; n++) await (await ask("/0")).arrayBuffer();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, loop));
    return (SMALL * 1000) / (performance.now() - startedAt);
  };
  const speed = async (ask: (path: string) => Promise<Response>): Promise<number> => {
    const startedAt = performance.now();
    const { body } = await ask(`/${LARGE_MB}`);
    for await (const _ of body!);
    return (LARGE_MB * 1000) / (performance.now() - startedAt);
  };

  await latencies(direct);
  await latencies(through);
  const [alone, passed] = [await latencies(direct), await latencies(through)];
  const [slow, added] = [percentile(passed, 0.99), percentile(passed, 0.5) - percentile(alone, 0.5)];
  const [aloneAtOnce, passedAtOnce] = [await perSecond(direct), await perSecond(through)];
  const [aloneSpeed, passedSpeed] = [await speed(direct), await speed(through)];
  store.stop();
  const result = (work: string, ratio: number, budget: string, isMet: boolean, detail: string): Result => ({
    work,
    against: "the same without the proxy",
    ratio,
    budget,
    isMet,
    detail,
  });
  return [
    result(
      "proxy: what it adds to a small request, p50",
      added,
      "<= 5 ms",
      added <= 5,
      `ms; p99 of all ${slow.toFixed(1)} ms of ${SMALL}`,
    ),
    result(
      "proxy: small requests, 20 at a time",
      passedAtOnce / aloneAtOnce,
      "-",
      true,
      `${passedAtOnce.toFixed(0)}/s against ${aloneAtOnce.toFixed(0)}/s`,
    ),
    result(
      `proxy: ${LARGE_MB} MB down`,
      passedSpeed / aloneSpeed,
      "-",
      true,
      `${passedSpeed.toFixed(0)} MB/s against ${aloneSpeed.toFixed(0)} MB/s`,
    ),
  ];
};
