// Rounds of killing the worker that sends: while webhooks pour into the outbox and the app fails, hangs up and dawdles, the
// worker is killed at a random moment and replaced; then all that was promised is compared.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Nango } from "@nangohq/node";
import { Webhook } from "standardwebhooks";
import { signingKeyPlace } from "../../src/crypto/places.ts";
import { openJson } from "../../src/crypto/seal.ts";
import { testEngine } from "../helpers/engine.ts";
import { startSyncline } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { workerEnv } from "./refresh.ts";

const LANES = 12;
const A_LANE = 6; // webhooks a round
const LATEST_KILL_MS = 700;

type Body = { lane: number; n: number };

/** An app with two URLs that one in eight times fails, hangs up, or answers after it took the webhook, too late. */
const startApp = async (t: TestContext, random: Seeded, verify: (text: string, headers: object) => void) => {
  const taken = new Map<string, { bytes: string; n: number }>(); // by webhook id
  const last = new Map<string, number>(); // the newest taken, by URL and lane
  const counts = { heard: 0, again: 0, refused: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const text = Buffer.concat(chunks).toString();
      verify(text, request.headers);
      counts.heard += 1;
      const draw = random.below(8);
      if (draw < 2) {
        counts.refused += 1;
        if (draw === 0) response.socket!.destroy();
        else response.writeHead(random.below(2) === 0 ? 503 : 429).end();
        return;
      }
      const { lane, n } = JSON.parse(text) as Body;
      const id = `${request.url} ${request.headers["webhook-id"]}`;
      const known = taken.get(id);
      const place = `${request.url} ${lane}`;
      if (known !== undefined) {
        counts.again += 1;
        assert.equal(known.bytes, text);
      } else {
        assert.equal(n, (last.get(place) ?? 0) + 1, `out of order in ${place}`);
        last.set(place, n);
        taken.set(id, { bytes: text, n });
      }
      await pause(random.below(60));
      response.end();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken, counts };
};

export type OutboxRounds = { rounds: number; sent: number; left: number };

/** Make an engine with one worker process; the returned function does one round. */
export const outboxRounds = async (t: TestContext, random: Seeded) => {
  const engine = await testEngine(t, { seed: random.seed });
  const { db, keys, environment } = engine;
  const connection = await engine.connect("one");
  const [{ sealed }] = (await db.query("select signing_key_sealed as sealed from syncline.environments where id = $1", [
    environment,
  ])) as [{ sealed: Buffer }];
  const key = openJson(await keys.ofEnvironment(environment), sealed, signingKeyPlace(environment)) as string;
  const client = new Nango({ apiKey: "k", host: "http://127.0.0.1:1", webhookSigningKey: key } as never);
  const standard = new Webhook(`whsec_${Buffer.from(key).toString("base64")}`);
  const failures: unknown[] = [];
  const app = await startApp(t, random, (text, headers) => {
    assert.ok(client.verifyIncomingWebhookRequest(text, headers as never));
    standard.verify(text, headers as Record<string, string>, { jsonParse: false });
  });
  const onFailure = (error: unknown) => void failures.push(error);
  process.on("unhandledRejection", onFailure);
  t.after(() => process.off("unhandledRejection", onFailure));
  await db.query(
    "update syncline.environments set webhook_url_primary = $2, webhook_url_secondary = $3 where id = $1",
    [environment, `${app.base}/one`, `${app.base}/two`],
  );
  await db.query(
    `update syncline.settings set webhook_first_retry = '50 ms', webhook_last_retry = '100 ms', webhook_max_attempts = 100,
       webhook_circuit_failures = 4, webhook_first_probe = '1 s', webhook_last_probe = '1 s'`,
  );
  const totals: OutboxRounds = { rounds: 0, sent: 0, left: 0 };
  const next = new Map<number, number>();
  let worker = await startSyncline(t, workerEnv(db.url));

  const pour = async (): Promise<void> => {
    for (let i = 0; i < LANES * A_LANE; i++) {
      const lane = i % LANES;
      const n = (next.get(lane) ?? 0) + 1;
      next.set(lane, n);
      await db.query("select syncline.enqueue_webhook($1, $2, null, 'sync', $3, $4)", [
        environment,
        connection,
        { lane, n },
        `stream:${lane}`,
      ]);
      totals.sent += 2;
      if (lane === 0) await db.query("select syncline.ring_deliveries()");
    }
  };

  const round = async (): Promise<void> => {
    const poured = pour();
    await pause(random.below(LATEST_KILL_MS));
    worker.kill("SIGKILL");
    assert.equal(await worker.exited, "SIGKILL");
    await poured;
    // The only sender is dead: what it held comes due in a minute, so that minute is over.
    const left = await db.query(
      `update syncline.webhook_lanes set next_at = syncline.now(), sending_until = syncline.now()
        where sending_until > syncline.now() returning id`,
    );
    totals.left += left.length;
    worker = await startSyncline(t, workerEnv(db.url));
    await until("all is sent", async () => (await db.query("select from syncline.webhook_lanes")).length === 0, 60_000);
    assert.deepEqual(failures, []);
    const states = await db.query("select state, count(*)::int as n from syncline.outbox group by state");
    assert.deepEqual(states, [{ state: "delivered", n: totals.sent }]);
    assert.equal(app.taken.size, totals.sent, "each was taken once, and in order");
    const [server] = await db.query("select deadlocks from pg_stat_database where datname = current_database()");
    assert.equal(server!.deadlocks, 0);
    totals.rounds += 1;
  };
  return { round, totals, counts: app.counts };
};
