// What an environment has when requests are thrown at it: something of everything, under known names.
import assert from "node:assert/strict";
import type { CompiledFunction } from "../../src/functions/definition.ts";

export const ACCOUNT_KEY = "contract-account-key-0123456789abcdef";

/** Stands for the token of a new connect session: each connection ends its own. */
export const SESSION = `nango_connect_session_${"5e".repeat(32)}`;

/** Names that exist, by the parameters and members that carry them. */
export const NAMES: { readonly [name: string]: string } = {
  provider_config_key: "crm",
  providerConfigKey: "crm",
  "provider-config-key": "crm",
  uniqueKey: "crm",
  unique_key: "crm",
  integration_id: "crm",
  integrationId: "crm",
  connection_id: "one",
  connectionId: "one",
  "connection-id": "one",
  name: "contacts",
  sync_name: "contacts",
  syncs: "contacts",
  action_name: "echo",
  model: "Contact",
  provider: "acme",
  variant: "base",
  sync_variant: "base",
  frequency: "every day",
  search: "c",
  connect_session_token: SESSION,
  type: "action",
};

/** A request with a key; throws unless the answer is among `fine`. */
export const requestWith =
  (url: string, key: string) =>
  async (method: string, path: string, body?: unknown, fine: number[] = [200, 201, 202, 204]): Promise<string> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const text = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(url + path, { method, headers, body: text });
    const answered = await answer.text();
    assert.ok(fine.includes(answer.status), `${method} ${path}: ${answer.status} ${answered}`);
    return answered;
  };

export type Arrange = { url: string; key: string; upstream: string; functions: CompiledFunction[] };

/** Make what NAMES names and what may be deleted, which ends in -gone, or make it again. `mark` is in everything that can carry a text. */
export const arrange = async ({ url, key, upstream, functions }: Arrange, mark = "plain"): Promise<void> => {
  const ask = requestWith(url, key);
  await ask("POST", "/integrations", { provider: "acme", unique_key: "crm", display_name: `CRM ${mark}` }, [200, 400]);
  await ask("POST", "/integrations", { provider: "acme", unique_key: "crm-gone" }, [200, 400]);
  await ask("POST", "/integrations", { provider: "mcp-generic", unique_key: "mcp" }, [200, 400]);
  for (const name of ["contacts", "contacts-gone"]) await ask("PUT", `/environment/variables/${name}`, { value: mark });
  await ask("POST", "/deploy", { functions, mode: "all" });
  for (const connection_id of ["one", "two", "one-gone", "two-gone"]) {
    await ask("POST", "/connections", {
      provider_config_key: "crm",
      connection_id,
      credentials: { type: "API_KEY", apiKey: `key ${mark}` },
      connection_config: { baseUrl: upstream },
      metadata: { mark },
      tags: { mark },
    });
  }
};
