// The master key is changed, step by step, under servers that sync, import, read and delete; servers and rotations are killed
// all the while. Then everything sealed is opened with the last master key, and the whole database is searched for secrets.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { masterKeyIdOf } from "../../src/crypto/keyring.ts";
import { testDatabase } from "../helpers/database.ts";
import { findIn, searchDump } from "../helpers/dump.ts";
import { compileTexts } from "../helpers/installation.ts";
import { startProcess, startSyncline, type TestProcess } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { sendTo } from "../http/webhook-ingress-world.ts";
import * as world from "./key-rotation-world.ts";

const { canary, CREDENTIALS, KIND, MARK } = world;
const API_KEY = `${canary()}-environment`;
const BETWEEN_REQUESTS_MS = 25;
const KILL_WITHIN_MS = 40; // of the first batch: one takes 20

export type RotationRounds = {
  rotationsKilled: number;
  serversKilled: number;
  /** Requests that were answered while keys changed. */
  imported: number;
  read: number;
  deleted: number;
};

type Settings = { SYNCLINE_ENCRYPTION_KEY: string; SYNCLINE_ENCRYPTION_KEYS_ACCEPTED?: string };
type Server = { process: TestProcess; url: string; isEnding: boolean };
type Answer = { status: number; body: unknown };

const text = (key: Buffer): string => key.toString("base64");

/** `servers` processes and `fillers` connections beside those that are imported meanwhile. */
export const rotationRounds = async (
  t: TestContext,
  random: Seeded,
  o: { servers: number; fillers: number },
): Promise<{ change: (to: Buffer, kills: number) => Promise<void>; finish: () => Promise<RotationRounds> }> => {
  const db = await testDatabase(t, { poolSize: 6 });
  const baseUrl = await world.secretiveProvider(t);
  const outputs: TestProcess[] = [];
  const totals: RotationRounds = { rotationsKilled: 0, serversKilled: 0, imported: 0, read: 0, deleted: 0 };
  const wrong: string[] = [];
  const masterKeys: Buffer[] = [randomBytes(32)];
  const common = { DATABASE_URL: db.url, SYNCLINE_PROVIDERS: world.writeProviders(t) };

  const start = async (settings: Settings): Promise<Server> => {
    const env = {
      SYNCLINE_DEV_API_KEY: API_KEY,
      SYNCLINE_ALLOW_PRIVATE_HOSTS: "127.0.0.0/8",
      SYNCLINE_CONCURRENCY: "3",
    };
    const process = await startSyncline(t, { LOG_LEVEL: "trace", ...common, ...env, ...settings });
    outputs.push(process);
    const { url } = await process.line(({ event }) => event === "server.started");
    return { process, url: url as string, isEnding: false };
  };
  let settings: Settings = { SYNCLINE_ENCRYPTION_KEY: text(masterKeys[0]!) };
  const servers: Server[] = [];
  for (let n = 0; n < o.servers; n++) servers.push(await start(settings));

  const call = async (method: string, where: string, body?: unknown, more: object = {}): Promise<Answer> => {
    const server = random.pick(servers);
    const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", ...more };
    const response = await fetch(`${server.url}${where}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = { status: response.status, body: await response.json().catch(() => null) };
    if (answer.status >= 500 && server.isEnding) throw new TypeError("the server ends");
    return answer;
  };
  const must = async (...given: Parameters<typeof call>): Promise<Answer["body"]> => {
    const { status, body } = await call(...given);
    assert.ok(status < 300, `${given.slice(0, 2)}: ${status} ${JSON.stringify(body)}`);
    return body;
  };

  const connect = (kind: string, id: string, credentials: object) =>
    call("POST", "/connections", {
      ...{ provider_config_key: `kind-${kind.toLowerCase()}`, connection_id: id },
      ...{ credentials: { type: kind, ...credentials }, connection_config: { baseUrl, accountId: "1" } },
    });
  const show = (kind: string, id: string) =>
    call("GET", `/connections/${id}?provider_config_key=kind-${kind.toLowerCase()}`);

  // One integration, with a client, settings and a webhook secret, and one connection of each kind.
  const kept = new Map<string, Record<string, unknown>>();
  for (const [kind, make] of Object.entries(world.MOVED)) {
    const unique_key = `kind-${kind.toLowerCase()}`;
    await must("POST", "/integrations", { provider: unique_key, unique_key });
    const given = make();
    await must("POST", "/import/connections", {
      ...{
        provider_config_key: unique_key,
        connection_id: "one",
        auth_mode: kind,
        credentials: { type: kind, ...given },
      },
      ...{ connection_config: { baseUrl }, metadata: {}, tags: {}, end_user: null, webhook_url_override: null },
    });
    kept.set(kind, given);
  }
  for (const [kind, make] of Object.entries(CREDENTIALS)) {
    const name = `kind-${kind.toLowerCase()}`;
    const type = ["OAUTH2", "OAUTH1", "TBA"].includes(kind) ? kind : undefined;
    const credentials = type && { type, client_id: "client", client_secret: canary() };
    await must("POST", "/integrations", {
      provider: name,
      unique_key: name,
      credentials,
      integration_config: world.integrationConfig(),
      custom: { webhookSecret: canary() },
    });
    const given = make();
    const made = await connect(kind, "one", given);
    assert.equal(made.status, 201, `${kind}: ${JSON.stringify(made.body)}`);
    kept.set(kind, given);
  }
  const session = await must("POST", "/connect/sessions", { tags: {} });
  const { token } = (session as { data: { token: string } }).data;
  const left = await fetch(`${servers[0]!.url}/oauth/connect/kind-oauth2?${world.departure(token)}`, {
    redirect: "manual",
  });
  assert.equal(left.status, 302, await left.text());
  const hookSecret = canary();
  await must("POST", "/integrations", {
    ...{ provider: "acme", unique_key: "hooks" },
    custom: { webhookSecret: hookSecret },
  });
  await must("PUT", "/environment/variables/TOKEN", { value: canary() });
  const functions = await compileTexts(world.FUNCTIONS);
  await must("POST", "/deploy", { functions, mode: "all" });
  await must("PATCH", "/environment/webhooks", { primary_url: `${baseUrl}/hook` });
  const [{ integration, environment, uid } = {} as never] = await db.query(
    `select i.id as integration, e.id as environment, e.uid from syncline.integrations i join syncline.environments e on e.id = i.environment_id
      where i.unique_key = $1`,
    [KIND],
  );
  await world.addConnections(db, { environment, integration, count: o.fillers, masterKey: masterKeys[0]! });

  // Load: what was answered is remembered, and what is read must be it. A server that ends answers nothing, or that it cannot.
  const known = new Map<string, string>();
  let isOver = false;
  let count = 0;
  const expect = (what: string, { status, body }: Answer, wanted: number): boolean => {
    if (status !== wanted) wrong.push(`${what}: ${status} ${JSON.stringify(body)}`);
    return status === wanted;
  };
  const loops: (() => Promise<void>)[] = [
    async () => {
      const [id, apiKey] = [`c${count++}`, canary()];
      if (!expect("import", await connect("API_KEY", id, { apiKey }), 201)) return;
      known.set(id, apiKey);
      totals.imported += 1;
    },
    async () => {
      if (known.size === 0) return;
      const [id, apiKey] = random.pick([...known]);
      const answer = await show("API_KEY", id);
      if (!known.has(id) || !expect(`read ${id}`, answer, 200)) return;
      const { credentials } = answer.body as { credentials: { apiKey: string } };
      if (credentials.apiKey !== apiKey) wrong.push(`read ${id}: other credentials`);
      const records = { "connection-id": id, "provider-config-key": KIND };
      expect(`records of ${id}`, await call("GET", "/records?model=Thing", undefined, records), 200);
      totals.read += 1;
    },
    async () => {
      const hook = {
        body: JSON.stringify({ secret: canary() }),
        secret: hookSecret,
        headers: { "x-secret": canary() },
      };
      await sendTo(`${random.pick(servers).url}/webhook/${uid}/hooks`, hook);
      const id = random.pick(["one", ...known.keys()]);
      const action = { action_name: "echo", input: { secret: canary() } };
      const headers = { "connection-id": id, "provider-config-key": KIND, "x-async": "true" };
      expect("action", await call("POST", "/action/trigger", action, headers), 202);
      expect("variable", await call("PUT", "/environment/variables/OTHER", { value: canary() }), 200);
    },
    async () => {
      if (known.size < 10) return;
      const [id] = random.pick([...known]);
      known.delete(id);
      const { status } = await call("DELETE", `/connections/${id}?provider_config_key=${KIND}`);
      if (status === 200) totals.deleted += 1;
      await pause(10 * BETWEEN_REQUESTS_MS);
    },
  ];
  const load = loops.map(async (once) => {
    while (!isOver) {
      await once().catch((error) => {
        if (!(error instanceof TypeError)) wrong.push(String(error)); // that is a lost connection
      });
      await pause(BETWEEN_REQUESTS_MS);
    }
  });

  const restart = async (n: number, next: Settings): Promise<void> => {
    const server = servers[n]!;
    server.isEnding = true;
    const { process } = server;
    const isKilled = random.below(2) === 0;
    if (isKilled) totals.serversKilled += 1;
    process.kill(isKilled ? "SIGKILL" : "SIGTERM");
    await process.exited;
    servers[n] = await start(next);
  };
  const roll = async (next: Settings): Promise<void> => {
    settings = next;
    for (let n = 0; n < servers.length; n++) await restart(n, next);
  };
  const rotate = (): TestProcess => {
    const process = startProcess(t, { args: ["src/cli.ts", "keys", "rotate"], env: { ...common, ...settings } });
    process.end();
    outputs.push(process);
    return process;
  };

  /** From the current master key to another: accepted everywhere, then current everywhere, then the rotation, then alone. */
  const change = async (to: Buffer, kills: number): Promise<void> => {
    const [now, next] = [text(masterKeys.at(-1)!), text(to)];
    masterKeys.push(to);
    await roll({ SYNCLINE_ENCRYPTION_KEY: now, SYNCLINE_ENCRYPTION_KEYS_ACCEPTED: next });
    await roll({ SYNCLINE_ENCRYPTION_KEY: next, SYNCLINE_ENCRYPTION_KEYS_ACCEPTED: now });
    for (let kill = 0; kill < kills; kill++) {
      const process = rotate();
      const restarted = restart(random.below(servers.length), settings);
      await until("it has wrapped some, or is through", () => process.output() !== "");
      await pause(random.below(KILL_WITHIN_MS));
      process.kill("SIGKILL");
      if ((await process.exited) === "SIGKILL") totals.rotationsKilled += 1;
      await restarted;
    }
    const two = [rotate(), rotate()];
    for (const process of two) {
      assert.equal(await process.exited, 0, process.output());
      assert.match(process.output(), /Nothing needs another master key\./);
    }
    await roll({ SYNCLINE_ENCRYPTION_KEY: next });
    const ids = await db.query("select distinct master_key_id as id from syncline.data_keys");
    assert.deepEqual(ids, [{ id: masterKeyIdOf(to) }]);
  };

  const finish = async (): Promise<RotationRounds> => {
    isOver = true;
    await Promise.all(load);
    const failures = outputs.flatMap(({ lines }) => lines.filter(({ support }) => wrong.join().includes(`${support}`)));
    assert.deepEqual(wrong, [], JSON.stringify(failures));
    for (const [kind, given] of kept) {
      const { status, body } = await show(kind, "one");
      assert.equal(status, 200, kind);
      for (const [field, value] of Object.entries(given))
        if (!/raw|refresh_token|config_override/.test(field))
          assert.deepEqual(
            (body as { credentials: Record<string, unknown> }).credentials[field],
            value,
            `${kind} ${field}`,
          );
    }
    const idle =
      "select from syncline.runs where finished_at is null union all select from syncline.actions where ended_at is null";
    await until("all runs have ended", async () => (await db.query(idle)).length === 0, 120_000);
    const { opened, unreadable } = await world.openEverything(db, masterKeys.at(-1)!);
    assert.deepEqual(unreadable, []);
    assert.ok(opened["data key"]! >= o.fillers + totals.imported - totals.deleted, JSON.stringify(opened));
    for (const what of [
      "credentials",
      "integration",
      "flow",
      "signing key",
      "variable",
      "webhook",
      "action",
      "records",
    ])
      assert.ok(opened[what]! > 0, `${what}: ${JSON.stringify(opened)}`);

    for (const { process } of servers) process.kill("SIGTERM");
    for (const { process } of servers) await process.exited;
    const secrets = [MARK, ...masterKeys.map(text), ...masterKeys.map((key) => key.toString("hex"))];
    const { found, tables, rows } = await searchDump(db.url, secrets);
    assert.deepEqual(found.slice(0, 5), []);
    assert.ok(tables > 40 && rows > o.fillers, `${tables} tables, ${rows} rows`);
    for (const process of outputs)
      for (const line of process.output().split("\n")) assert.deepEqual(findIn(secrets, line), [], line);
    return totals;
  };
  return { change, finish };
};
