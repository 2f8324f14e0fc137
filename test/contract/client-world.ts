// The published client before a server with an integration, a connection and functions; every exchange is kept.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Nango } from "@nangohq/node";
import { compileTexts } from "../helpers/installation.ts";
import { until } from "../helpers/until.ts";
import { FUNCTIONS } from "./functions.ts";
import { type Exchange, recordExchanges } from "./recorder.ts";
import { KEYS, type Running, startRunning } from "./running.ts";
import { startUpstream } from "./upstream.ts";

export type ClientWorld = {
  nango: Nango;
  /** The client with a key that nobody has. */
  stranger: Nango;
  /** The client with a key that is two words. */
  malformed: Nango;
  exchanges: Exchange[];
  server: Running;
  /** A request beside the client, straight to the server; throws unless it is answered 2xx. */
  must: (method: string, path: string, body?: unknown) => Promise<{ [member: string]: unknown }>;
};

/** A connection's body for POST /connections. */
const connection = (upstream: string, over: object) => ({
  provider_config_key: "crm",
  connection_id: "one",
  credentials: { type: "API_KEY", apiKey: "key of one" },
  connection_config: { baseUrl: upstream },
  ...over,
});

/** Integration `crm` with connections `one` and `two`, `oauth` with `three`, and the functions deployed; 120 contacts of `one`. */
export const clientWorld = async (t: TestContext): Promise<ClientWorld> => {
  const [functions, server, upstream] = await Promise.all([compileTexts(FUNCTIONS), startRunning(t), startUpstream(t)]);
  const { url, exchanges } = await recordExchanges(t, server.url);

  const must: ClientWorld["must"] = async (method, path, body) => {
    const headers = { authorization: `Bearer ${KEYS.dev}`, "content-type": "application/json" };
    const answer = await fetch(server.url + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
    } as RequestInit);
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? {} : JSON.parse(text);
  };

  await must("POST", "/integrations", { provider: "acme", unique_key: "crm" });
  await must("POST", "/integrations", { provider: "acme-oauth2", unique_key: "oauth" });
  await must("PUT", "/environment/variables/COLOUR", { value: "red" });
  await must("PATCH", "/environment/validation", { record_validation: "enforce" });
  await must("POST", "/deploy", { functions, mode: "all" });
  await server.db.query("update syncline.functions set source = 'standalone' where name = 'refuses'");
  const endUser = { id: "u1", email: "u@x.example", display_name: "Ada" };
  await must("POST", "/connections", connection(upstream.url, { tags: { team: "Red" }, end_user: endUser }));
  await must("POST", "/connections", connection(upstream.url, { connection_id: "two" }));
  const token = { type: "OAUTH2", access_token: "at", refresh_token: "rt" };
  const third = { provider_config_key: "oauth", connection_id: "three", credentials: token };
  await must("POST", "/connections", connection(upstream.url, third));
  await until("the contacts of `one` are there", async () => {
    const status = await must("GET", "/sync/status?provider_config_key=crm&connection_id=one&syncs=contacts");
    return (status.syncs as { status: string }[])[0]?.status === "SUCCESS";
  });
  const client = (secretKey: string) => new Nango({ host: `${url}/`, secretKey });
  return {
    nango: client(KEYS.dev),
    stranger: client("nobody-has-this-key"),
    malformed: client("two words"),
    exchanges,
    server,
    must,
  };
};
