// A server that is told to stop: who asked before is answered, who asks later is turned away, and it ends within its 10 s.
import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";

const STOPS_WITHIN_MS = 10_000;
const BURST = 60;
const SLOW = 5;

/** A provider that holds its answers until it is told. */
const slowProvider = async (t: TestContext) => {
  const held: ServerResponse[] = [];
  const server = createServer((_request, response) => void held.push(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const answer = () => {
    for (const response of held.splice(0))
      response.writeHead(200, { "content-type": "application/json" }).end('{"slow":true}');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held, answer };
};

type Outcome = { status: number; text: string } | "refused";

const startWorld = async (t: TestContext, role: string) => {
  const provider = await slowProvider(t);
  const db = await testDatabase(t, { poolSize: 2 });
  const server = await startSyncline(t, {
    DATABASE_URL: db.url,
    SYNCLINE_ROLE: role,
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
    SYNCLINE_ALLOW_PRIVATE_HOSTS: "127.0.0.0/8",
  });
  const url = (await server.line(({ event }) => event === "server.started")).url as string;
  const call = async (
    path: string,
    o: { method?: string; body?: unknown; headers?: object } = {},
  ): Promise<Outcome> => {
    const headers = { authorization: `Bearer ${TEST_API_KEY}`, "content-type": "application/json", ...o.headers };
    const sent = { method: o.method ?? "GET", headers, ...(o.body !== undefined && { body: JSON.stringify(o.body) }) };
    try {
      const response = await fetch(url + path, sent);
      return { status: response.status, text: await response.text() };
    } catch (error) {
      assert.match(String((error as Error).cause), /ECONNREFUSED|ECONNRESET|other side closed/);
      return "refused";
    }
  };
  const must = async (...given: Parameters<typeof call>) => {
    const outcome = await call(...given);
    assert.ok(outcome !== "refused" && outcome.status < 300, JSON.stringify(outcome));
  };
  await must("/integrations", { method: "POST", body: { provider: "acme", unique_key: "acme" } });
  const connection = {
    ...{ provider_config_key: "acme", connection_id: "one", credentials: { type: "API_KEY", apiKey: "k" } },
    connection_config: { baseUrl: provider.url },
  };
  await must("/connections", { method: "POST", body: connection });
  const proxy = () => call("/proxy/slow", { headers: { "connection-id": "one", "provider-config-key": "acme" } });
  return { provider, server, call, proxy };
};

const bad = (outcomes: Outcome[], allowed: number[]): Outcome[] =>
  outcomes.filter((one) => one !== "refused" && !allowed.includes(one.status));

for (const role of ["all", "api"])
  test(`role ${role}: requests under way at a stop are answered, later ones turned away, none fails`, async (t) => {
    const { provider, server, call, proxy } = await startWorld(t, role);
    const slow = Array.from({ length: SLOW }, proxy);
    await until("all are at the provider", () => provider.held.length === SLOW);
    // More at a time than the database has connections for: some stand in line when the signal comes.
    const burst = Array.from({ length: BURST }, () => call("/connections"));
    const askedAt = performance.now();
    server.kill("SIGTERM");
    await server.line(({ event }) => event === "server.stopping");
    const later: Promise<Outcome>[] = [];
    let isOver = false;
    t.after(() => {
      isOver = true;
    });
    const asking = (async () => {
      while (!isOver) {
        const one = call("/connections");
        later.push(one);
        await one;
      }
    })();
    assert.deepEqual(bad(await Promise.all(burst), [200, 503]), []);
    // Not before what is stopped first could have taken something from them.
    await until("it is turning callers away", async () => (await Promise.all(later)).includes("refused"));
    provider.answer();
    const answered = await Promise.all(slow);
    for (const one of answered) assert.deepEqual(one, { status: 200, text: '{"slow":true}' });
    assert.equal(await server.exited, 0, server.output());
    isOver = true;
    await asking;
    const stoppedMs = performance.now() - askedAt;
    assert.ok(stoppedMs < STOPS_WITHIN_MS, `${stoppedMs} ms`);
    assert.deepEqual(bad(await Promise.all(later), [200, 503]), []);
    assert.doesNotMatch(server.output(), /after calling end/);
  });

test("a provider that never answers holds up no stop: its caller gets 503 in time", async (t) => {
  const { provider, server, proxy } = await startWorld(t, "all");
  const slow = proxy();
  await until("it is at the provider", () => provider.held.length === 1);
  const askedAt = performance.now();
  server.kill("SIGTERM");
  const answered = await slow;
  assert.ok(answered !== "refused" && answered.status === 503, JSON.stringify(answered));
  assert.equal(await server.exited, 0, server.output());
  const stoppedMs = performance.now() - askedAt;
  assert.ok(stoppedMs < STOPS_WITHIN_MS, `${stoppedMs} ms`);
});
