// What a rotation is tried on: a provider whose records are secrets, an integration for each kind of credentials, functions,
// thousands of connections; and afterwards everything sealed in the database, opened with one master key.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { openInboxContent } from "../../src/crypto/inbox-content.ts";
import {
  openIntegrationConfig,
  openIntegrationCredentials,
  openWebhookSecret,
} from "../../src/crypto/integration-credentials.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import * as places from "../../src/crypto/places.ts";
import { open, openJson, sealJson } from "../../src/crypto/seal.ts";
import { openSigningKey } from "../../src/crypto/signing-key.ts";
import type { Integration } from "../../src/db/integrations.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import type { TestDatabase } from "../helpers/database.ts";

/** Every secret begins so, so that one search finds them all. */
export const MARK = "canary-";
export const canary = (): string => MARK + randomBytes(12).toString("hex");

export const KIND = "kind-api_key"; // of the connections that are made and read meanwhile

const client = () => ({ client_id: "client", client_secret: canary() });

/** Credentials of each kind that can be imported whole; every secret in them is new. */
export const CREDENTIALS: Record<string, () => Record<string, unknown>> = {
  OAUTH2: () => ({
    ...{ access_token: canary(), refresh_token: canary(), config_override: client() },
    raw: { id_token: canary(), nested: [{ secret: canary() }] },
  }),
  OAUTH2_CC: () => ({ ...client(), token: canary() }),
  OAUTH1: () => ({ oauth_token: canary(), oauth_token_secret: canary(), raw: { more: canary() } }),
  API_KEY: () => ({ apiKey: canary() }),
  BASIC: () => ({ username: canary(), password: canary() }),
  TBA: () => ({ token_id: canary(), token_secret: canary() }),
};

const FUTURE = "2100-01-01T00:00:00.000Z";
const app = () => ({ type: "APP", app_id: "1", installation_id: "2", access_token: canary(), expires_at: FUTURE });

/** Those of the kinds that are moved from another server as they are; every secret in them is new. */
export const MOVED: Record<string, () => Record<string, unknown>> = {
  APP: app,
  CUSTOM: () => ({ app: app(), user: { type: "OAUTH2", access_token: canary(), raw: { secret: canary() } } }),
  JWT: () => ({ token: canary(), expires_at: FUTURE, privateKey: { id: "k", secret: canary() } }),
  TWO_STEP: () => ({ token: canary(), expires_at: FUTURE, refresh_token: canary(), secret: canary() }),
  SIGNATURE: () => ({ username: "u", password: canary(), token: canary(), expires_at: FUTURE }),
  BILL: () => ({
    ...{ username: "u", password: canary(), organization_id: "o", dev_key: canary(), session_id: canary() },
    expires_at: FUTURE,
  }),
  AWS_SIGV4: () => ({
    ...{ role_arn: "arn:aws:iam::1:role/r", region: "eu-west-1", service: "s3", access_key_id: canary() },
    ...{ secret_access_key: canary(), session_token: canary(), external_id: canary(), expires_at: FUTURE },
  }),
};

/** What an integration may be set up with: keys of AWS, say. */
export const integrationConfig = () => ({ awsSecretAccessKey: canary(), stsApiKey: canary(), privateKey: canary() });

/** What an end user's way to the provider is begun with, in the query of the popup's URL. */
export const departure = (token: string): URLSearchParams =>
  new URLSearchParams({
    connect_session_token: token,
    "params[secret]": canary(),
    "credentials[oauth_client_id_override]": "own",
    "credentials[oauth_client_secret_override]": canary(),
    "credentials[oauth_refresh_token_override]": canary(),
  });

/** A file of providers, one for each kind; removed after the test. */
export const writeProviders = (t: TestContext): string => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "syncline-kinds-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "providers.json");
  const base = { base_url: `$\{connectionConfig.baseUrl}` };
  const oauth2 = { authorization_url: "https://example.com/authorize", token_url: "https://example.com/token" };
  const entries = Object.keys({ ...CREDENTIALS, ...MOVED }).map((kind) => {
    const proxy = kind === "API_KEY" ? { ...base, headers: { "x-key": `$\{apiKey}` } } : base;
    const more = kind === "OAUTH2" ? oauth2 : {};
    return [`kind-${kind.toLowerCase()}`, { display_name: kind, auth_mode: kind, proxy, ...more }];
  });
  writeFileSync(file, JSON.stringify(Object.fromEntries(entries)));
  return file;
};

/** Gives records that are secrets, other ones each time, and refuses /refuse with what it was sent; takes webhooks. */
export const secretiveProvider = async (t: TestContext): Promise<string> => {
  const server = createServer((request, response) => {
    const isRefused = request.url!.startsWith("/refuse");
    response.writeHead(isRefused ? 403 : 200, { "content-type": "application/json" });
    const data = [1, 2, 3].map((id) => ({ id: String(id), secret: canary() }));
    response.end(JSON.stringify(isRefused ? { you_sent: request.headers } : { data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const HEAD = `import { createAction, createSync } from "syncline";\nimport * as z from "zod";\n`;

export const FUNCTIONS = {
  [`${KIND}/syncs/things.ts`]: `${HEAD}export default createSync({
  description: "Things", version: "1.0.0", frequency: "every day", autoStart: true, models: { Thing: z.object({ id: z.string() }) },
  exec: async (nango) => {
    await nango.log("now", { credentials: (await nango.getConnection()).credentials });
    const variables = await nango.getEnvironmentVariables();
    if (variables.length === 0) throw new Error("no variables");
    const { data } = await nango.get({ endpoint: "/things" });
    await nango.batchSave(data.data, "Thing");
  },
});`,
  [`${KIND}/syncs/refused.ts`]: `${HEAD}export default createSync({
  description: "Refused", version: "1.0.0", frequency: "every day", autoStart: true, models: { Nothing: z.object({ id: z.string() }) },
  exec: async (nango) => { await nango.get({ endpoint: "/refuse", retries: 0 }); },
});`,
  [`${KIND}/actions/echo.ts`]: `${HEAD}export default createAction({
  description: "Echo", version: "1.0.0", input: z.any(), output: z.any(), exec: async (_nango, input) => ({ input }),
});`,
};

/** Connections as they would be after an import, `count` of them, without a process: to have many data keys. */
export const addConnections = async (
  { query }: TestDatabase,
  given: { environment: number; integration: number; count: number; masterKey: Buffer },
): Promise<void> => {
  const keyring = createKeyring({ masterKey: given.masterKey });
  const { environment } = given;
  const made = Array.from({ length: given.count }, (_, i) => {
    const name = `filler${i}`;
    const key = keyring.createDataKey();
    const place = places.credentialsPlace(environment, KIND, name);
    return { name, key, sealed: sealJson(keyring.open(key), { type: "API_KEY", apiKey: canary() }, place) };
  });
  await query(
    `with n as (
       insert into syncline.connections (environment_id, integration_id, connection_id, auth_mode, credentials_sealed)
       select $1, $2, x.name, 'API_KEY', x.sealed from unnest($3::text[], $4::bytea[]) as x (name, sealed)
       returning id, connection_id)
     insert into syncline.data_keys (environment_id, connection_id, wrapped, master_key_id)
     select $1, n.id, x.wrapped, $6 from n join unnest($3::text[], $5::bytea[]) as x (name, wrapped) on x.name = n.connection_id`,
    [
      ...[environment, given.integration, made.map(({ name }) => name), made.map(({ sealed }) => sealed)],
      ...[made.map(({ key }) => key.wrapped), keyring.masterKeyId],
    ],
  );
};

// biome-ignore lint/suspicious/noExplicitAny: a test knows its columns
type Row = Record<string, any>;

/** Open all that is sealed, with this master key alone, but what was shredded with its connection. What each place had, and what did not open. */
export const openEverything = async (
  { pool, query }: TestDatabase,
  masterKey: Buffer,
): Promise<{ opened: Record<string, number>; unreadable: string[] }> => {
  const keys = createDataKeys({ db: pool, keyring: createKeyring({ masterKey }) });
  const opened: Record<string, number> = {};
  const unreadable: string[] = [];
  const each = async (what: string, sql: string, openOne: (row: Row) => Promise<unknown>) => {
    const rows = await query(sql);
    for (const row of rows) {
      const error = await openOne(row).then(
        () => null,
        (thrown: Error) => thrown,
      );
      if (error === null) opened[what] = (opened[what] ?? 0) + 1;
      else unreadable.push(`${what}: ${error.message}`);
    }
  };
  await each("data key", "select environment_id, connection_id from syncline.data_keys", async (r) => {
    await (r.connection_id === null ? keys.ofEnvironment(r.environment_id) : keys.ofConnection(r.connection_id));
  });
  await each(
    "credentials",
    `select n.id, n.environment_id as e, i.unique_key, n.connection_id, n.credentials_sealed as sealed from syncline.connections n
       join syncline.integrations i on i.id = n.integration_id where n.credentials_sealed is not null`,
    async ({ id, e, unique_key, connection_id, sealed }) => {
      const text = JSON.stringify(
        openJson(await keys.ofConnection(id), sealed, places.credentialsPlace(e, unique_key, connection_id)),
      );
      assert.ok(text.includes(MARK));
    },
  );
  await each("integration", "select * from syncline.integrations", async (row) => {
    await openIntegrationCredentials(keys, row.environment_id, row as Integration);
    await openWebhookSecret(keys, row.environment_id, row as Integration);
    await openIntegrationConfig(keys, row.environment_id, row as Integration);
  });
  await each(
    "flow",
    "select environment_id as e, encode(state_hash, 'hex') as state, secrets_sealed from syncline.oauth_flows",
    async (r) => {
      const sealed = openJson(await keys.ofEnvironment(r.e), r.secrets_sealed, places.oauthFlowPlace(r.e, r.state));
      assert.ok(JSON.stringify(sealed).includes(MARK));
    },
  );
  await each(
    "signing key",
    "select id, signing_key_sealed as sealed from syncline.environments",
    async ({ id, sealed }) => openSigningKey(keys, id, sealed),
  );
  await each(
    "variable",
    "select environment_id as e, name, value_sealed from syncline.environment_variables",
    async (r) => open(await keys.ofEnvironment(r.e), r.value_sealed, places.environmentVariablePlace(r.e, r.name)),
  );
  await each("webhook", "select environment_id as e, uid, content_sealed as sealed from syncline.inbox", async (r) =>
    openInboxContent(await keys.ofEnvironment(r.e), r.uid, r.sealed),
  );
  await each(
    "action",
    `select a.connection_id, a.uid, a.input_sealed, a.outcome_sealed from syncline.actions a
       join syncline.connections n on n.id = a.connection_id where n.deleted_at is null`,
    async (r) => {
      const key = await keys.ofConnection(r.connection_id);
      if (r.input_sealed !== null) openJson(key, r.input_sealed, places.actionInputPlace(r.uid));
      if (r.outcome_sealed !== null) openJson(key, r.outcome_sealed, places.actionOutcomePlace(r.uid));
    },
  );
  for (const table of ["records", "record_versions"]) {
    await each(
      table,
      `select s.connection_id, s.id, r.external_id, r.payload from syncline.${table} r join syncline.streams s on s.id = r.stream_id
         join syncline.connections n on n.id = s.connection_id where r.payload is not null and n.deleted_at is null`,
      async (r) => open(await keys.ofConnection(r.connection_id), r.payload, sealPlace(r.id, r.external_id)),
    );
  }
  return { opened, unreadable };
};
