// `syncline connections`: moving connections of every kind to another server, sealed all the way; and looking at them.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { startProcess } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { DEV_KEY, type TestApi, testApi } from "../http/api.ts";
import { folderWith, runSyncline } from "./server.ts";

const CANARY = "canary-9d2f40";
const FUTURE = "2100-01-01T00:00:00.000Z";
const app = { type: "APP", app_id: "1", installation_id: "2", access_token: CANARY, expires_at: FUTURE };
const oauth2 = {
  type: "OAUTH2",
  access_token: CANARY,
  refresh_token: `${CANARY}-r`,
  expires_at: FUTURE,
  raw: { x: 1 },
};

// Of each kind one that is whole.
const KINDS: Record<string, object> = {
  API_KEY: { type: "API_KEY", apiKey: CANARY },
  BASIC: { type: "BASIC", username: "u", password: CANARY },
  OAUTH2: { ...oauth2, config_override: { client_id: "c", client_secret: CANARY } },
  MCP_OAUTH2: oauth2,
  OAUTH2_CC: { type: "OAUTH2_CC", client_id: "c", client_secret: CANARY, token: CANARY, expires_at: FUTURE },
  OAUTH1: { type: "OAUTH1", oauth_token: "t", oauth_token_secret: CANARY },
  TBA: { type: "TBA", token_id: "t", token_secret: CANARY },
  APP: app,
  CUSTOM: { type: "CUSTOM", app, user: oauth2 },
  JWT: { type: "JWT", token: CANARY, expires_at: FUTURE, privateKey: { id: "k", secret: CANARY } },
  TWO_STEP: { type: "TWO_STEP", token: CANARY, refresh_token: CANARY, email: "e" },
  SIGNATURE: { type: "SIGNATURE", username: "u", password: CANARY, token: "t", expires_at: FUTURE },
  BILL: {
    type: "BILL",
    username: "u",
    password: CANARY,
    organization_id: "o",
    dev_key: "d",
    session_id: "s",
    user_id: "u",
  },
  AWS_SIGV4: {
    type: "AWS_SIGV4",
    role_arn: "arn:aws:iam::1:role/r",
    region: "eu-west-1",
    service: "s3",
    access_key_id: "a",
    secret_access_key: CANARY,
    session_token: "s",
    expires_at: FUTURE,
  },
  NONE: { type: "NONE" },
};

const end_user = {
  id: "u1",
  display_name: "U",
  email: "u@x.example",
  tags: { plan: "pro" },
  organization: { id: "o1", display_name: null },
};

const wholeOf = (provider_config_key: string, auth_mode: string, credentials: object) => ({
  provider_config_key,
  connection_id: `of ${auth_mode}`,
  auth_mode,
  credentials,
  connection_config: { subdomain: "s", nested: { refresh_token: CANARY } },
  metadata: { m: [1, 2] },
  tags: { end_user_id: "u1", team: "red" },
  end_user,
  webhook_url_override: null,
});

const exported = async (api: TestApi): Promise<Record<string, unknown>[]> =>
  (await api.must("GET", "/export/connections")).connections
    .map(({ created_at: _at, ...one }: Record<string, unknown>) => one)
    .sort((a: { auth_mode: string }, b: { auth_mode: string }) => (a.auth_mode < b.auth_mode ? -1 : 1));

test("connections are moved to another server, of every kind, and opened by one key alone", async (t) => {
  const [from, to] = [await testApi(t), await testApi(t)];
  const folder = await folderWith(t, {});
  const at = (name: string) => path.join(folder, name);
  const run = (api: TestApi, ...args: string[]) =>
    runSyncline(t, args, { SYNCLINE_URL: api.url, SYNCLINE_API_KEY: DEV_KEY });
  const connections = (api: TestApi, ...args: string[]) => run(api, "connections", ...args);
  const providers = loadCatalogue({ files: [] }).list();
  const modes = Object.keys(KINDS).filter((mode) => providers.some(({ provider }) => provider.auth_mode === mode));
  for (const mode of modes) {
    const provider = providers.find(({ provider }) => provider.auth_mode === mode)!.name;
    for (const api of [from, to])
      await api.must("POST", "/integrations", { body: { provider, unique_key: mode.toLowerCase() } });
    const body = wholeOf(mode.toLowerCase(), mode, KINDS[mode]!);
    assert.deepEqual(await from.must("POST", "/import/connections", { body }), { result: "created" }, mode);
  }
  assert.ok((await connections(to, "new-key", at("a.pem"))).out.includes("a.pem.pub"));
  assert.equal((await connections(to, "new-key", at("a.pem"))).code, 1, "a key is not overwritten");
  await connections(to, "new-key", at("b.pem"));

  await t.test("an export is refused without a public key, and with a private one", async () => {
    assert.match((await connections(from, "export")).out, /Say whose key seals them/);
    assert.match((await connections(from, "export", "--sealed-to", at("a.pem"))).out, /is a private key/);
  });

  await t.test("an export holds nothing in clear, and is written down connection by connection", async () => {
    const told = await connections(from, "export", "--sealed-to", at("a.pem.pub"), "-o", at("all.jsonl"));
    assert.equal(told.code, 0, told.out);
    const text = await readFile(at("all.jsonl"), "utf8");
    assert.doesNotMatch(text, new RegExp(`${CANARY}|u@x\\.example|arn:aws`));
    const [header, ...lines] = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      [header.format, header.version, header.environment, header.count],
      ["syncline-connections", 1, "dev", modes.length],
    );
    assert.deepEqual(lines.at(-1), { end: true, count: modes.length });
    const { entries } = await from.must("GET", "/audit-log?action=connection.credentials_read");
    assert.equal(entries.length, modes.length);
    const listed = await run(from, "audit", "--action", "connection.credentials_read", "--since", "1h");
    assert.match(listed.out, /api_key from settings +connection\.credentials_read +jwt\/of JWT/);
  });

  await t.test("another key, a changed line and half a file are refused, by line", async () => {
    assert.match(
      (await connections(to, "import", at("all.jsonl"), "--key", at("b.pem"))).out,
      /sealed for another key/,
    );
    const lines = (await readFile(at("all.jsonl"), "utf8")).trimEnd().split("\n");
    const changed = lines.with(
      1,
      lines[1]!.replace(/.{3}"}$/, (end) => (end.startsWith("A") ? "B" : "A") + end.slice(1)),
    );
    await writeFile(at("changed.jsonl"), changed.slice(0, -1).join("\n"));
    const told = await connections(to, "import", at("changed.jsonl"), "--key", at("a.pem"), "--dry-run");
    assert.equal(told.code, 1);
    assert.match(told.out, /line 2: It does not open[\s\S]+The file is not whole/);
    assert.match(told.out, new RegExp(`Would be: ${modes.length - 1} created, .+ 2 failed`));
    assert.deepEqual(await exported(to), []);
  });

  await t.test(
    "what arrives is what was there, tokens and end users included; a second import changes nothing",
    async () => {
      const first = await connections(to, "import", at("all.jsonl"), "--key", at("a.pem"), "--json");
      assert.deepEqual(JSON.parse(first.out), { created: modes.length, overridden: 0, skipped: 0, failed: 0 });
      assert.deepEqual(await exported(to), await exported(from));
      const again = await connections(to, "import", at("all.jsonl"), "--key", at("a.pem"));
      assert.equal(again.out, `0 created, 0 overridden, ${modes.length} skipped as they are there, 0 failed.\n`);
      const over = await connections(to, "import", at("all.jsonl"), "--key", at("a.pem"), "--override", "--json");
      assert.equal(JSON.parse(over.out).overridden, modes.length);
      assert.deepEqual(await exported(to), await exported(from));
    },
  );

  await t.test("an import that was killed goes on where it was; integrations may have another name here", async () => {
    const count = 60;
    for (let n = 0; n < count; n++) await from.connect("api_key", `many${n}`);
    await to.must("POST", "/integrations", { body: { provider: "acme", unique_key: "crm" } });
    await connections(
      from,
      "export",
      "--sealed-to",
      at("a.pem.pub"),
      "--integration",
      "api_key",
      "-o",
      at("many.jsonl"),
    );
    const args = ["connections", "import", at("many.jsonl"), "--key", at("a.pem"), "--map-integration", "api_key=crm"];
    const made = async () =>
      (
        await to.db.query(
          "select count(*)::int as n from syncline.connections n join syncline.integrations i on i.id = n.integration_id where i.unique_key = 'crm'",
        )
      )[0]!.n as number;
    const child = startProcess(t, {
      args: ["src/cli.ts", ...args],
      env: { SYNCLINE_URL: to.url, SYNCLINE_API_KEY: DEV_KEY },
    });
    await until("some are there", async () => (await made()) >= 5);
    child.kill("SIGKILL");
    await child.exited;
    const before = await made();
    assert.ok(before < count + 1, `${before}: it was killed too late`);
    const rest = JSON.parse(
      (await run(to, ...args, "--json")).out.split("\n").findLast((line) => line.startsWith("{"))!,
    );
    // The server may have ended what it was at.
    assert.ok(rest.skipped >= before && rest.skipped <= before + 1, `${before} were there, ${rest.skipped} skipped`);
    assert.deepEqual([rest.created + rest.skipped, rest.failed], [count + 1, 0]);
  });

  await t.test("they are listed, shown without credentials unless asked for, and deleted", async () => {
    assert.match((await connections(to, "list", "--integration", "jwt")).out, /jwt +of JWT +u1/);
    assert.match((await connections(to, "list", "--failing")).out, /There is none/);
    await to.db.query(
      `select syncline.fail_renewal(n.id, (select c.token from syncline.claim_renewal(n.id, 1000, true, 'a') c), $1, true)
         from syncline.connections n where n.auth_mode = 'JWT'`,
      [{ type: "refresh_token_external_error", description: "the provider said no" }],
    );
    const failing = /of JWT +u1 +auth: the provider said no \(since 20\d\d-.*Z\)/;
    assert.match((await connections(to, "list", "--failing")).out, failing);
    assert.match((await connections(to, "show", "of JWT")).out, /"message": "the provider said no"/);
    assert.doesNotMatch((await connections(to, "show", "of BASIC")).out, new RegExp(CANARY));
    assert.match(
      (await connections(to, "show", "of BASIC", "--credentials")).out,
      new RegExp(`"password": "${CANARY}"`),
    );
    assert.match(
      (await connections(to, "delete", "of BASIC", "--integration", "basic")).out,
      /basic\/of BASIC is gone/,
    );
    assert.match((await connections(to, "show", "of BASIC")).out, /There is no connection/);
  });
});
