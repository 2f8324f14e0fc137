// No secret leaves: every secret is a canary, a real server runs syncs that succeed and fail, and then all that it printed,
// answered and stored is searched.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { findRunningPostgres } from "../../src/db/embedded/start.ts";
import { connect } from "../../src/db/pool.ts";
import { dataFolder } from "../crash/folder.ts";
import { compileTexts } from "../helpers/installation.ts";
import { startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { leakyFunctions, leakyProvider } from "./secrets-world.ts";

const canary = (name: string): string => `canary-${name}-${randomBytes(12).toString("hex")}`;

const SECRETS = {
  masterKey: randomBytes(32).toString("base64"),
  environmentKey: canary("environment"),
  apiKey: canary("api key"),
  bearer: canary("bearer"),
  password: canary("pass/word"),
  accessToken: canary("access"),
  refreshToken: canary("refresh"),
  rawToken: canary("id-token"),
  clientSecret: canary("client"),
  webhookSecret: canary("webhook"),
  wrongKey: canary("wrong"),
};

const INTEGRATIONS = [
  { provider: "acme", credentials: { type: "API_KEY", apiKey: SECRETS.apiKey } },
  { provider: "private-api-bearer", credentials: { type: "API_KEY", apiKey: SECRETS.bearer } },
  { provider: "private-api-basic", credentials: { type: "BASIC", username: "someone", password: SECRETS.password } },
  {
    provider: "acme-oauth2",
    credentials: {
      type: "OAUTH2",
      access_token: SECRETS.accessToken,
      refresh_token: SECRETS.refreshToken,
      raw: { id_token: SECRETS.rawToken, token_type: "bearer" },
    },
    client: {
      type: "OAUTH2",
      client_id: "client",
      client_secret: SECRETS.clientSecret,
      webhook_secret: SECRETS.webhookSecret,
    },
  },
];

// As it is, as a URL or base64 or hex or a JSON text would carry it, and as Basic authentication sends a password.
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64"),
  Buffer.from(secret).toString("hex"),
  Buffer.from(`someone:${secret}`).toString("base64"),
];

const findIn = (secrets: Record<string, string>, text: string): string[] =>
  Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);

test("no secret is in what a server prints, answers or stores, whatever providers and functions do", async (t) => {
  const provider = await leakyProvider(t);
  const folder = dataFolder();
  const server = await startSyncline(t, {
    SYNCLINE_DATA: folder,
    SYNCLINE_ENCRYPTION_KEY: SECRETS.masterKey,
    SYNCLINE_DEV_API_KEY: SECRETS.environmentKey,
    LOG_LEVEL: "trace",
  });
  const { url } = server.lines.find(({ event }) => event === "server.started")!;
  const call = async (method: string, where: string, body?: unknown, key = SECRETS.environmentKey): Promise<string> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${url}${where}`, { method, headers, ...(body === undefined ? {} : { body: text }) });
    return await response.text();
  };
  const { data: signing } = JSON.parse(await call("GET", "/environment/signing-key"));
  const databaseUrl = findRunningPostgres(folder)!;
  const secrets = {
    ...SECRETS,
    signingKey: signing.webhook_signing_key as string,
    databasePassword: new URL(databaseUrl).password,
  };
  assert.ok(Object.values(secrets).every((secret) => secret.length >= 16));

  const answers: string[] = [];
  const answer = async (...given: Parameters<typeof call>) => void answers.push(await call(...given));
  const functions = await compileTexts(
    Object.assign({}, ...INTEGRATIONS.map(({ provider: name }) => leakyFunctions(name))),
  );
  for (const { provider: name, client } of INTEGRATIONS) {
    await answer("POST", "/integrations", { provider: name, unique_key: name, ...(client && { credentials: client }) });
  }
  await answer("POST", "/deploy", { functions, mode: "all" });
  await answer("PATCH", "/environment/webhooks", { primary_url: `${provider.url}/echo` });
  for (const { provider: name, credentials } of INTEGRATIONS) {
    const connection = {
      provider_config_key: name,
      connection_id: "one",
      connection_config: { baseUrl: provider.url },
    };
    // The answer to this is the connection with its credentials, as the caller just sent them.
    const made = JSON.parse(await call("POST", "/connections", { ...connection, credentials }));
    assert.equal(made.connection_id, "one", JSON.stringify(made));
    await answer("POST", "/connections", { ...connection, connection_id: 7, credentials });
    await answer("POST", "/connections", `{"credentials": {"apiKey": "${SECRETS.apiKey}"`);
  }

  const database = await connect({ url: databaseUrl, applicationName: "syncline test" });
  t.after(() => database.end());
  const query = async (text: string) => (await database.query(text)).rows;
  await until(
    "all runs have ended",
    async () => (await query("select from syncline.runs where finished_at is null")).length === 0,
  );
  await until(
    "the webhooks were tried",
    async () => (await query("select from syncline.outbox where attempts = 0")).length === 0,
  );
  const runs = await query("select s.name, r.state from syncline.runs r join syncline.syncs s on s.id = r.sync_id");
  const count = (state: string) => runs.filter((run) => run.state === state).length;
  assert.deepEqual([count("succeeded"), count("failed")], [INTEGRATIONS.length, INTEGRATIONS.length * 6]);
  for (const { credentials } of INTEGRATIONS) {
    const text = JSON.stringify(Object.values(credentials));
    assert.ok(
      provider.echoed().some((sent) => text.includes(sent.split(" ").at(-1)!) || sent.startsWith("Basic")),
      text,
    );
  }

  for (const where of ["/connections", "/integrations", "/providers", "/logs?limit=1000", "/environment/webhooks"]) {
    await answer("GET", where);
  }
  for (const { provider: name } of INTEGRATIONS) {
    await answer("GET", `/integrations/${name}`);
    await answer("GET", `/sync/status?provider_config_key=${name}&connection_id=one&syncs=*`);
    answers.push(
      await (
        await fetch(`${url}/records?model=Thing_saves`, {
          headers: {
            authorization: `Bearer ${SECRETS.environmentKey}`,
            "connection-id": "one",
            "provider-config-key": name,
          },
        })
      ).text(),
    );
  }
  await answer("GET", "/connections", undefined, SECRETS.wrongKey);
  await answer("POST", `/sync/trigger?key=${SECRETS.wrongKey}`, { [SECRETS.wrongKey]: 1 }, SECRETS.wrongKey);

  await until("the log has the end of each run", async () => {
    const [row] = await query("select count(*)::int as ended from syncline.logs where message ~ '^(succeeded|failed)'");
    return row.ended === runs.length;
  });
  const tables = await query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('syncline', 'graphile_worker')`,
  );
  assert.ok(tables.length > 20);
  for (const { name } of tables) {
    for (const { text } of await query(`select t::text as text from ${name} t`)) {
      assert.deepEqual(findIn(secrets, text), [], `${name}: ${text}`);
    }
  }
  await database.end();
  server.kill("SIGTERM");
  assert.equal(await server.exited, 0);
  assert.deepEqual(
    findIn(secrets, answers.join("\n")),
    [],
    answers.find((text) => findIn(secrets, text).length > 0),
  );
  assert.ok(server.output().length > 1000);
  const line = server
    .output()
    .split("\n")
    .find((text) => findIn(secrets, text).length > 0);
  assert.equal(line, undefined);
  const postgresLog = readFileSync(path.join(folder, "postgres.log"), "utf8");
  assert.deepEqual(findIn(secrets, postgresLog), []);
});
