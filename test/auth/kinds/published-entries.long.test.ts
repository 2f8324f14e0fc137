// Promise: for every entry of ours and of the published catalogue whose token is asked for, a request goes out that is whole, and the
// token is found in an answer of the shape that the entry describes.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { obtain } from "../../../src/auth/obtain.ts";
import { loadCatalogue } from "../../../src/providers/catalogue.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import type { Provider } from "../../../src/providers/schema.ts";
import { figures } from "../../helpers/figures.ts";
import { contextOf } from "./world.ts";

const catalogue = loadCatalogue({ files: ["@nangohq/providers"] });
const PEM = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
const EC = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
const TOKEN = "the-token-that-was-given";
// What is of a certain form: an assertion in SAML, which has to be brought, and a key of two parts.
const BROUGHT = {
  "sap-success-factors": { assertion: "saml" },
  "ghost-admin": { privateKey: "id:00ff" },
} as Record<string, object>;

const keyFor = (entry: Provider): string => {
  const header = (entry.assertion?.header ?? entry.token?.header ?? {}) as { alg?: string };
  return String(header.alg?.startsWith("ES") ? EC : PEM);
};

const textFor = (field: string, entry: Provider): string => {
  if (field === "baseUrl" || field === "accounts-server") return "https://x.example";
  return /private_?key/i.test(field) ? keyFor(entry) : "x";
};

const filled = (fields: object | undefined, entry: Provider) =>
  Object.fromEntries(Object.keys(fields ?? {}).map((field) => [field, textFor(field, entry)]));

const credentialsOf = (name: string, entry: Provider): Credentials => {
  if (entry.auth_mode === "OAUTH2_CC") {
    const certificate = entry.require_client_certificate && { client_certificate: "a certificate" };
    return {
      type: "OAUTH2_CC",
      client_id: "id",
      client_secret: "s",
      client_private_key: keyFor(entry),
      ...certificate,
    };
  }
  if (entry.auth_mode === "BILL")
    return { type: "BILL", username: "u", password: "p", organization_id: "o", dev_key: "d" };
  if (entry.auth_mode === "APP") return { type: "APP", installation_id: "1" };
  if (entry.auth_mode === "TWO_STEP" || entry.auth_mode === "JWT") {
    const own = { ...filled(entry.credentials, entry), ...BROUGHT[name] } as Record<string, unknown>;
    if (entry.assertion?.type === "jwt") delete own.assertion;
    const option = (entry as { assertion_option?: object }).assertion_option;
    return { type: entry.auth_mode, ...own, assertionOption: filled(option, entry) } as Credentials;
  }
  return { type: "OAUTH2", access_token: "old", refresh_token: "refresh" };
};

/** An answer with the token where the entry says, and what its further steps and its config want. */
const answerOf = (entry: Provider, origin: string): string => {
  const steps = { IdentityServiceUrl: origin, token_endpoint: origin, instance_url: origin, restApiEndpoint: origin };
  const answer: Record<string, unknown> = { ...steps, access_token: TOKEN, token: TOKEN, sessionId: TOKEN };
  const path = entry.token_response?.token;
  if (path === "") return TOKEN;
  const names = path?.split(".") ?? [];
  let place = answer;
  for (const [at, name] of names.entries()) {
    place[name] = at === names.length - 1 ? TOKEN : ((place[name] as object) ?? {});
    if (typeof place[name] === "string" && at < names.length - 1) place[name] = {};
    place = place[name] as Record<string, unknown>;
  }
  return JSON.stringify(answer);
};

const tokenOf = (credentials: Credentials): unknown =>
  "access_token" in credentials
    ? credentials.access_token
    : "token" in credentials
      ? credentials.token
      : "session_id" in credentials
        ? credentials.session_id
        : undefined;

// Its entry says nowhere to ask: what it is known for are webhooks.
const NOT_ASKED = new Set(["certn-partner"]);
const ASKED = new Set(["OAUTH2", "OAUTH2_CC", "TWO_STEP", "BILL", "APP", "JWT", "MCP_OAUTH2"]);

test("every entry asks and reads", async (t) => {
  let answer = "";
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    seen.push(decodeURIComponent(`${request.url} ${JSON.stringify(request.headers)}`) + body);
    response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const failed: string[] = [];
  const count: Record<string, number> = {};
  for (const { name, provider } of catalogue.list()) {
    if (!ASKED.has(provider.auth_mode) || NOT_ASKED.has(name)) continue;
    seen.length = 0;
    answer = answerOf(provider, origin);
    const context = contextOf(provider, credentialsOf(name, provider), {
      client: { client_id: "client", client_secret: "secret", app_id: "1", private_key: String(PEM) },
      integrationConfig: filled(provider.integration_config as object | undefined, provider),
      connectionConfig: { ...filled(provider.connection_config, provider), installation_id: "1" },
    });
    const fetch: typeof context.fetch = (url, init) => {
      const { pathname, search } = new URL(url);
      return context.fetch(origin + pathname + search, init);
    };
    try {
      const { credentials } = await obtain({ ...context, fetch });
      const isJwt = provider.auth_mode === "JWT";
      if (!isJwt) assert.equal(tokenOf(credentials), TOKEN);
      if (!isJwt) assert.ok(seen.length > 0);
      for (const one of seen) assert.doesNotMatch(one, /\$\{|undefined|\[object/);
      count[provider.auth_mode] = (count[provider.auth_mode] ?? 0) + 1;
    } catch (error) {
      failed.push(`${name}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  assert.deepEqual(failed, []);
  figures(t, count);
});
