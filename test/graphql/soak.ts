// Many subscribers of real servers that are killed, while writers change what they follow under real locks and every LISTEN is
// cut off again and again. The promise: from its cursor a subscriber sees the latest change of every record, and positions only
// rise. What a record was between two reads is not promised.
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { cancelRun, claimRun, createRun } from "../../src/db/runs.ts";
import { TEST_API_KEY, TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";
import { startProcess, startSyncline, type TestProcess } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { startSubscriber } from "./soak-subscriber.ts";
import { eventClient, socketClient } from "./subscribers.ts";

/** A sync that declares the model. */
export const SOAK_FUNCTION = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Declares the model; its runs are worked on by hand",
  version: "1.0.0", frequency: "every day", autoStart: false,
  models: { Contact: z.object({ id: z.string() }) },
  exec: async () => {},
});
`;
const CATCH_UP_MS = 120_000;

export type SoakReport = {
  commits: number;
  kills: number;
  listensCut: number;
  connects: number;
  cutOff: number;
  events: number;
  changes: number;
  missed: number;
  doubled: number;
  /** The most memory of a server, sampled. */
  mostMb: number;
};

const megabytesOf = ({ pid }: TestProcess): number => {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it was killed
  }
};

/** A server that comes back on its port when it is killed. */
const startServer = async (t: TestContext, databaseUrl: string) => {
  const env = {
    DATABASE_URL: databaseUrl,
    SYNCLINE_ROLE: "api",
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
  };
  let running = await startSyncline(t, env);
  const { url } = (await running.line(({ event }) => event === "server.started")) as { url: string };
  return {
    url,
    megabytes: () => megabytesOf(running),
    killAndStart: async () => {
      running.kill("SIGKILL");
      await running.exited;
      running = await startSyncline(t, { ...env, PORT: new URL(url).port });
    },
  };
};

/** Soak for `ms`. Servers are killed in turn, one every `killEveryMs`. */
export const soakSubscriptions = async (
  t: TestContext,
  random: Seeded,
  o: { ms: number; servers: number; subscribers: number; writers: number; killEveryMs: number; longestMs: number },
): Promise<SoakReport> => {
  const engine = await testEngine(t, { rows: {} });
  const { pool, url } = engine.db;
  await engine.deploy({ "acme/syncs/writer.ts": SOAK_FUNCTION });
  const names = ["one", "two", "three", "four"];
  const connections: number[] = [];
  for (const name of names) connections.push(await engine.connect(name));
  await engine.db.query(
    `insert into syncline.syncs (environment_id, connection_id, function_id, name, state, frequency)
     select s.environment_id, s.connection_id, s.function_id, 'writer-' || n, 'paused', s.frequency
       from syncline.syncs s, generate_series(1, $1) n`,
    [Math.ceil(o.writers / names.length)],
  );
  const syncs = await engine.db.query(
    "select id, connection_id from syncline.syncs where name like 'writer-%' order by name, id limit $1",
    [o.writers],
  );
  const servers = await Promise.all(Array.from({ length: o.servers }, () => startServer(t, url)));

  const writers: { writer: TestProcess; run: number }[] = [];
  for (const { id: sync, connection_id: connection } of syncs) {
    const run = (await createRun(pool, { sync, origin: "trigger", emptyCache: false }))!;
    const { token } = (await claimRun(pool, { worker: `writer ${sync}` }))!;
    const argument = JSON.stringify({ url, run, token, connection, seed: random.below(2 ** 31) });
    writers.push({ run, writer: startProcess(t, { args: ["test/race/cursor-writer.ts", argument] }) });
  }
  const beat = setInterval(
    () => void pool.query("update syncline.runs set lease_ends_at = now() + interval '1 h' where state = 'running'"),
    5_000,
  );
  t.after(() => clearInterval(beat));

  const subscribers = Array.from({ length: o.subscribers }, (_, n) =>
    startSubscriber({
      connection: names[n % names.length]!,
      after: n % 3 === 0 ? undefined : "",
      client: () => {
        const server = servers[random.below(servers.length)]!;
        if (n % 2 === 0) return eventClient(server, TEST_API_KEY);
        return socketClient(server, { connectionParams: { authorization: `Bearer ${TEST_API_KEY}` } });
      },
      random,
      longestMs: o.longestMs,
    }),
  );

  const deadline = performance.now() + o.ms;
  const isOver = () => performance.now() > deadline;
  let kills = 0;
  let listensCut = 0;
  let mostMb = 0;
  const killing = (async () => {
    for (let turn = 0; !isOver(); turn++) {
      await pause(o.killEveryMs);
      if (isOver()) return;
      await servers[turn % servers.length]!.killAndStart();
      kills += 1;
    }
  })();
  const cutting = (async () => {
    while (!isOver()) {
      await pause(o.killEveryMs / 2);
      const cut = await engine.db.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name like 'syncline live%' and query like 'listen%'`,
      );
      listensCut += cut.length;
    }
  })();
  const sampling = (async () => {
    while (!isOver()) {
      await pause(500);
      mostMb = Math.max(mostMb, ...servers.map(({ megabytes }) => megabytes()));
    }
  })();
  await Promise.all([killing, cutting, sampling]);

  for (const { writer } of writers) writer.end();
  for (const { writer, run } of writers) {
    if ((await writer.exited) !== 0) throw new Error(`a writer ended by itself:\n${writer.output()}`);
    await cancelRun(pool, { run });
  }
  const stored = new Map<string, Map<string, number>>();
  const heads = new Map<string, number>();
  for (const [n, connection] of connections.entries()) {
    const rows = await engine.db.query(
      `select r.external_id, r.pos from syncline.records r join syncline.streams t on t.id = r.stream_id where t.connection_id = $1`,
      [connection],
    );
    stored.set(names[n]!, new Map(rows.map(({ external_id, pos }) => [external_id, pos])));
    heads.set(names[n]!, Math.max(...rows.map(({ pos }) => pos)));
  }
  const isThere = (n: number) => (subscribers[n]!.at()?.pos ?? -1) >= heads.get(names[n % names.length]!)!;
  await until("every subscriber has come to the end", () => subscribers.every((_, n) => isThere(n)), CATCH_UP_MS).catch(
    () => {}, // counted as missed
  );
  await Promise.all(subscribers.map(({ stop }) => stop()));

  let missed = 0;
  for (const [n, { seen, start }] of subscribers.entries()) {
    for (const [id, pos] of stored.get(names[n % names.length]!)!)
      if (pos > start() && seen.get(id) !== pos) missed += 1;
  }
  const sum = (of: "events" | "changes" | "doubled" | "connects" | "cutOff") =>
    subscribers.reduce((all, { counts }) => all + counts[of], 0);
  const commits = writers.flatMap(({ writer }) => writer.lines).filter(({ did }) => did === "commit").length;
  return {
    commits,
    kills,
    listensCut,
    connects: sum("connects"),
    cutOff: sum("cutOff"),
    events: sum("events"),
    changes: sum("changes"),
    missed,
    doubled: sum("doubled"),
    mostMb: Math.round(mostMb),
  };
};
