// From the commit of a record to the receipt of the webhook that tells of it: on an idle system, beside syncs that save as
// fast as they can, and with many connections at once. Counted from the start of the statement that stores the record, so
// the commit itself is in it.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Result } from "./result.ts";
import type { Bench } from "./setup.ts";

const WARM_UP = 10;
const ROUNDS = 100;
const REST_MS = 200; // longer than the bell's pause: the system is idle again
const BUSY_CONNECTIONS = 4;
const MANY_CONNECTIONS = 30;
const ROUNDS_OF_MANY = 20;
const BUDGET = { p50: 100, p99: 500 }; // ms, on an idle system

type Told = { at: number; type: string; connectionId: string; model: string };

/** An app that notes when it was told, and lets one wait for the next word about a connection. */
const startReceiver = async () => {
  const waiting = new Map<string, (told: Told) => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const at = Date.now();
      response.end();
      const told = { at, ...JSON.parse(Buffer.concat(chunks).toString()) } as Told;
      const key = `${told.connectionId}/${told.model}`;
      waiting.get(key)?.(told);
      waiting.delete(key);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    next: (connection: string, model: string): Promise<Told> =>
      new Promise((resolve) => waiting.set(`${connection}/${model}`, resolve)),
    stop: (): void => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const percentile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;

const shown = (times: number[]) => {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), most: sorted.at(-1)! };
};

/** The table of the README. */
export const benchLatency = async (bench: Bench): Promise<Result[]> => {
  const receiver = await startReceiver();
  await bench.api("PATCH", "/environment/webhooks", { primary_url: receiver.url });
  const changedAt = async (connection: number): Promise<number> => {
    const find = "select max(last_change_at) as at from syncline.streams where connection_id = $1 and model = 'Tick'";
    return Date.parse((await bench.pool.query(find, [connection])).rows[0].at);
  };
  const trigger = (connection: string, sync: string): Promise<unknown> =>
    bench.api("POST", "/sync/trigger", { provider_config_key: "bench", connection_id: connection, syncs: [sync] });

  const once = async (id: number, name: string): Promise<number> => {
    const told = receiver.next(name, "Tick");
    await trigger(name, "tick");
    const { at } = await told;
    return at - (await changedAt(id));
  };
  const series = async (id: number, name: string, rounds: number): Promise<number[]> => {
    const times: number[] = [];
    for (let n = 0; n < rounds; n++) times.push(await once(id, name));
    return times;
  };
  const seriesWithRests = async (id: number, name: string): Promise<number[]> => {
    const times: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      await pause(REST_MS);
      times.push(await once(id, name));
    }
    return times;
  };

  const id = await bench.connect("tick");
  await series(id, "tick", WARM_UP);
  const idle = shown(await seriesWithRests(id, "tick"));

  let isBusy = true;
  const busy = Array.from({ length: BUSY_CONNECTIONS }, async (_, n) => {
    const name = `busy-${n}`;
    await bench.connect(name);
    while (isBusy) {
      const told = receiver.next(name, "Page");
      await trigger(name, "pages");
      await told;
    }
  });
  await series(id, "tick", WARM_UP);
  const saving = shown(await seriesWithRests(id, "tick"));
  isBusy = false;
  await Promise.all(busy);

  const many: [number, string][] = [];
  for (let n = 0; n < MANY_CONNECTIONS; n++) many.push([await bench.connect(`many-${n}`), `many-${n}`]);
  const startedAt = performance.now();
  const all = await Promise.all(many.map(([one, name]) => series(one, name, ROUNDS_OF_MANY)));
  const perSecond = (MANY_CONNECTIONS * ROUNDS_OF_MANY) / ((performance.now() - startedAt) / 1000);
  const crowd = shown(all.flat());
  receiver.stop();

  const line = (work: string, { p50, p99, most }: typeof idle, budget?: typeof BUDGET, more = ""): Result => ({
    work: `record commit to the app's receipt of the webhook, ${work}`,
    against: "-",
    ratio: p50,
    budget: budget === undefined ? "-" : `p50 <= ${budget.p50} ms, p99 <= ${budget.p99} ms`,
    isMet: budget === undefined || (p50 <= budget.p50 && p99 <= budget.p99),
    detail: `ms; p99 ${p99} ms, longest ${most} ms${more}`,
  });
  return [
    line("idle", idle, BUDGET),
    line(`beside ${BUSY_CONNECTIONS} syncs that save without a pause`, saving),
    line(`${MANY_CONNECTIONS} connections at once`, crowd, undefined, `, ${Math.round(perSecond)} runs a second`),
  ];
};
