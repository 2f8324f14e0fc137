// Real server processes on one database, and connections to a real OpenID server whose tokens can be made to end.
import type { TestContext } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { type Oidc, startOidc, type TokenSet } from "../helpers/oidc.ts";
import { startSyncline, type TestProcess } from "../helpers/processes.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
export type Answer = { status: number; body: any };

export type ServerProcess = { url: string; process: TestProcess };

/** What integrations of provider `oidc` are known by there. */
export const clientOf = ({ client }: Oidc) => ({ type: "OAUTH2", ...client, scopes: "openid offline_access" });

/** The tokens of a grant, as they are imported. */
export const imported = ({ access_token, refresh_token }: TokenSet) => ({
  type: "OAUTH2",
  access_token,
  refresh_token,
  expires_in: 3600,
});

export const ask = async (url: string, method: string, path: string, o: { body?: object; headers?: object } = {}) => {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${TEST_API_KEY}`, "content-type": "application/json", ...o.headers },
    ...(o.body && { body: JSON.stringify(o.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) } as Answer;
};

/** `count` API processes; integration `oidc` is there. */
export const renewalWorld = async (t: TestContext, { count }: { count: number }) => {
  const oidc = await startOidc(t);
  const db = await testDatabase(t, { poolSize: 4 });
  const env = {
    DATABASE_URL: db.url,
    SYNCLINE_ROLE: "api",
    SYNCLINE_CONCURRENCY: "2",
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ALLOW_PRIVATE_HOSTS: "127.0.0.0/8",
    SYNCLINE_PROVIDERS: oidc.catalogueFile(),
  };
  const start = async (): Promise<ServerProcess> => {
    const process = await startSyncline(t, env);
    const { url } = await process.line(({ event }) => event === "server.started");
    return { url: url as string, process };
  };
  const servers = await Promise.all(Array.from({ length: count }, start));
  const { url } = servers[0]!;
  const must = async (method: string, path: string, body: object): Promise<Answer["body"]> => {
    const answer = await ask(url, method, path, { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer.body;
  };
  await must("POST", "/integrations", { provider: "oidc", unique_key: "oidc", credentials: clientOf(oidc) });

  const connect = async (name: string): Promise<number> => {
    const body = { provider_config_key: "oidc", connection_id: name, credentials: imported(await oidc.grant()) };
    return (await must("POST", "/connections", body)).id;
  };
  /** Its token has ended, as far as our side knows. */
  const expire = async (connection: number): Promise<void> => {
    const past = "syncline.now() - interval '1 min'";
    await db.query(`update syncline.connections set credentials_expire_at = ${past} where id = $1`, [connection]);
    await db.query(
      `update syncline.connection_auth set renew_at = ${past}, checked_at = null where connection_id = $1`,
      [connection],
    );
  };
  const get = (server: ServerProcess, name: string, query = "") =>
    ask(server.url, "GET", `/connections/${name}?provider_config_key=oidc${query}`);
  const proxy = (server: ServerProcess, name: string) =>
    ask(server.url, "GET", "/proxy/me", { headers: { "connection-id": name, "provider-config-key": "oidc" } });
  return { oidc, db, servers, start, connect, expire, get, proxy };
};
