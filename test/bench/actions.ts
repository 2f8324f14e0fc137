// Actions over HTTP: what one that does nothing takes beside a bare Express handler that answers the same, and what a
// thread costs, as actions have as many places of their own as syncs.
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Result } from "./result.ts";
import { API_KEY, type Bench } from "./setup.ts";

const ROUNDS = 10;
const CALLS = 100; // a round
const BUDGET_MS = 5;
const AT_ONCE = 200;

type Percentiles = { p50: number; p99: number };

const percentiles = (times: number[]): Percentiles => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)]!;
  return { p50: at(0.5), p99: at(0.99) };
};

const bareServer = async () => {
  const app = express();
  app.post("/action/trigger", express.json(), (req, res) => void res.json(req.body.input));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
};

const BODY = JSON.stringify({ action_name: "noop", input: { n: 1 } });

const caller = (url: string) => {
  const agent = new Agent({ keepAlive: true });
  const headers = {
    authorization: `Bearer ${API_KEY}`,
    "content-type": "application/json",
    "content-length": BODY.length,
    "connection-id": "actions",
    "provider-config-key": "bench",
  };
  /** One call; its time in milliseconds. */
  return () =>
    new Promise<number>((resolve, reject) => {
      const startedAt = performance.now();
      const asked = request(`${url}/action/trigger`, { method: "POST", agent, headers }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${answer.statusCode}`));
        answer.resume().on("end", () => resolve(performance.now() - startedAt));
      });
      asked.on("error", reject).end(BODY);
    });
};

const times = async (call: () => Promise<number>): Promise<number[]> => {
  const found: number[] = [];
  for (let n = 0; n < CALLS; n++) found.push(await call());
  return found;
};

/** Ten rounds of a hundred calls, in turn with the bare handler; the overhead is that of the quietest round. */
export const benchActions = async (bench: Bench): Promise<Result[]> => {
  await bench.connect("actions");
  const bare = await bareServer();
  const [ours, theirs] = [caller(bench.server.url), caller(bare.url)];
  await times(ours);
  await times(theirs);
  const all = { ours: [] as number[], theirs: [] as number[] };
  const rounds: { overhead: number; ours: Percentiles; theirs: Percentiles }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [one, other] = [await times(ours), await times(theirs)];
    all.ours.push(...one);
    all.theirs.push(...other);
    const pair = { ours: percentiles(one), theirs: percentiles(other) };
    rounds.push({ ...pair, overhead: pair.ours.p50 - pair.theirs.p50 });
  }
  bare.stop();
  const best = rounds.toSorted((a, b) => a.overhead - b.overhead)[0]!;
  const said = ({ p50, p99 }: Percentiles): string => `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
  const [whole, wholeBare] = [percentiles(all.ours), percentiles(all.theirs)];

  const rssBefore = process.memoryUsage().rss;
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, ours));
  const atOnceMs = performance.now() - startedAt;
  const grownMb = (process.memoryUsage().rss - rssBefore) / 2 ** 20;
  return [
    {
      work: "an action that does nothing, over HTTP",
      against: "a bare Express handler",
      ratio: best.overhead,
      budget: `<= ${BUDGET_MS} ms more at p50`,
      isMet: best.overhead <= BUDGET_MS,
      detail: `ms more at p50 in the quietest of ${ROUNDS} rounds; all ${ROUNDS * CALLS} calls: ${said(whole)} against ${said(wholeBare)}`,
    },
    {
      work: `${AT_ONCE} actions at once`,
      against: "-",
      ratio: atOnceMs,
      budget: "-",
      isMet: true,
      detail: `ms until the last is answered; the process grew by ${grownMb.toFixed(0)} MB for the threads of 10 places`,
    },
  ];
};
