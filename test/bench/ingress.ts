// Webhooks of a provider at a fixed rate: API, worker, sender and a bare Express handler each in a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { processCpuMs } from "./cpu.ts";
import type { Result } from "./result.ts";
import type { Bench } from "./setup.ts";

const RATES = [1_000, 1_500];
const ROUNDS = 5; // of which the middle one counts: on a shared machine some fall into a time when the machine is taken away
const SECONDS = 10;
const BUDGET_MS = 20;
const SECRET = "bench-webhook-secret";

type Sent = { count: number; failed: number; perSecond: number; p50: number; p99: number; max: number };

const start = (file: string, args: string[] = [], env: Record<string, string> = {}): ChildProcess =>
  spawn(process.execPath, [path.resolve(import.meta.dirname, file), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });

const firstLine = async (child: ChildProcess, isIt: (line: string) => boolean = () => true): Promise<string> => {
  for await (const line of createInterface(child.stdout!)) if (isIt(line)) return line;
  throw new Error("a process ended before it said what was waited for");
};

const stop = async (child: ChildProcess): Promise<void> => {
  child.kill("SIGTERM");
  await once(child, "exit");
};

const startServer = async (bench: Bench, role: "api" | "worker"): Promise<{ child: ChildProcess; url: string }> => {
  const env = { ...bench.processEnv, SYNCLINE_ROLE: role, PORT: "0", LOG_LEVEL: "info" };
  const child = start("../../src/cli.ts", ["start"], env);
  const line = await firstLine(child, (text) => text.includes('"server.started"'));
  child.stdout!.resume();
  return { child, url: (JSON.parse(line) as { url: string }).url };
};

const send = async (url: string, rate: number, round: string): Promise<Sent> =>
  JSON.parse(await firstLine(start("ingress-sender.ts", [url, SECRET, `${rate}`, `${SECONDS}`, round])));

const said = ({ p50, p99, max }: Sent): string =>
  `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(0)} ms`;

type Round = Sent & { us: number; postgresUs: number };

/** One round to `url`, with the microseconds an event took of the process that answers and of Postgres. */
const measured = async (bench: Bench, url: string, pid: number, rate: number, round: string): Promise<Round> => {
  const before = { own: processCpuMs(pid), postgres: bench.postgresCpuMs() };
  const sent = await send(url, rate, round);
  const us = ((processCpuMs(pid) - before.own) * 1000) / sent.count;
  return { ...sent, us, postgresUs: ((bench.postgresCpuMs() - before.postgres) * 1000) / sent.count };
};

/** By p99. */
const middle = (rounds: Round[]): Round => rounds.toSorted((a, b) => a.p99 - b.p99)[Math.floor(rounds.length / 2)]!;

const allP99 = (rounds: Round[]): string => rounds.map(({ p99 }) => p99.toFixed(0)).join(", ");

/** Rounds of ours and of the bare handler in turn. */
const benchRate = async (bench: Bench, api: { url: string; pid: number }, rate: number): Promise<Result> => {
  const bare = start("ingress-bare.ts");
  const bareUrl = `http://127.0.0.1:${await firstLine(bare)}/webhook/environment/hooks`;
  await send(bareUrl, rate, "warm");
  const rounds: { own: Round[]; bare: Round[] } = { own: [], bare: [] };
  for (let n = 0; n < ROUNDS; n += 1) {
    rounds.bare.push(await measured(bench, bareUrl, bare.pid!, rate, `${n}`));
    rounds.own.push(await measured(bench, api.url, api.pid, rate, `${rate}-${n}`));
  }
  await stop(bare);
  const own = middle(rounds.own);
  return {
    work: `a provider's webhooks, ${rate}/s, the middle of ${ROUNDS} rounds of ${SECONDS} s`,
    against: "a bare Express handler",
    ratio: own.p99,
    budget: `p99 <= ${BUDGET_MS} ms`,
    isMet:
      own.p99 <= BUDGET_MS && rounds.own.every(({ failed, perSecond }) => failed === 0 && perSecond >= 0.98 * rate),
    detail: `ms at p99; ${own.perSecond.toFixed(0)}/s, ${said(own)} (rounds: ${allP99(rounds.own)}), ${own.us.toFixed(0)} us of CPU an event and ${own.postgresUs.toFixed(0)} in Postgres; the bare one ${said(middle(rounds.bare))} (rounds: ${allP99(rounds.bare)}), ${middle(rounds.bare).us.toFixed(0)} us`,
  };
};

/** Row by rate, then how fast a worker finds out for whom they are. On a server of role `api`, which is not sent anything. */
export const benchIngress = async (bench: Bench): Promise<Result[]> => {
  const custom = { webhookSecret: SECRET };
  await bench.api("POST", "/integrations", { provider: "acme", unique_key: "hooks", custom });
  await bench.api("POST", "/connections", {
    provider_config_key: "hooks",
    connection_id: "one",
    credentials: { type: "API_KEY", apiKey: "k" },
    connection_config: { baseUrl: "http://127.0.0.1:9" },
  });
  const [environment] = (await bench.pool.query("select uid from syncline.environments where name = 'dev'")).rows;
  const waiting = async (): Promise<number> =>
    Number((await bench.pool.query("select count(*) from syncline.inbox where state = 'waiting'")).rows[0].count);

  const api = await startServer(bench, "api");
  const url = `${api.url}/webhook/${environment.uid}/hooks`;
  const results: Result[] = [];
  for (const round of ["warm", "warmer"]) await send(url, RATES[0]!, round); // until V8 has compiled it an event takes a third more
  for (const rate of RATES) {
    const before = await waiting();
    results.push(await benchRate(bench, { url, pid: api.child.pid! }, rate));
    const rows = (await waiting()) - before;
    if (rows !== rate * SECONDS * ROUNDS) throw new Error(`${rows} rows of ${rate * SECONDS * ROUNDS} webhooks`);
  }
  await stop(api.child);

  const events = await waiting();
  const cpuBefore = bench.postgresCpuMs();
  const startedAt = performance.now();
  const worker = await startServer(bench, "worker");
  while ((await waiting()) > 0) await pause(200);
  const seconds = (performance.now() - startedAt) / 1000;
  await stop(worker.child);
  const perSecond = events / seconds;
  results.push({
    work: `${events} webhooks handled by a worker afterwards`,
    against: "the rate at which they came",
    ratio: perSecond,
    budget: `>= ${RATES[0]}/s`,
    isMet: perSecond >= RATES[0]!,
    detail: `/s; all in ${seconds.toFixed(1)} s from the worker's start, ${(((bench.postgresCpuMs() - cpuBefore) * 1000) / events).toFixed(0)} us of CPU an event in Postgres`,
  });
  return results;
};
