// The whole product as its user has it: a server with a worker, spoken to over REST only, and told by webhook of each run's end.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { type CompiledFunction, functionHash } from "../../src/functions/definition.ts";
import { createLogger } from "../../src/log.ts";
import { startServer } from "../../src/main.ts";
import { testDatabase } from "../helpers/database.ts";

const CONNECTION = "customer";
const API_KEY = "a-key-of-the-test-0123456789";
const PROVIDERS = path.join(import.meta.dirname, "providers.json");

/** The webhook about the end of a run. */
export type SyncWebhook = {
  providerConfigKey: string;
  connectionId: string;
  syncName: string;
  model: string;
  success: boolean;
  error?: { description: string };
  responseResults?: { added: number; updated: number; deleted: number };
};

export type StoredRecord = { id: string; _nango_metadata: Record<string, string | null> } & {
  [field: string]: unknown;
};

type RecordsPage = { records: StoredRecord[]; next_cursor: string | null };

// So that no tick falls into the test.
const seldom = (one: CompiledFunction): CompiledFunction => {
  const definition = { ...one.definition, frequency: "every 30 days" };
  return { ...one, definition, hash: functionHash(one.bundle, definition) };
};

const listenForWebhooks = async (t: TestContext) => {
  const arrived: SyncWebhook[] = [];
  const server = createServer(async (request, response) => {
    const webhook = JSON.parse(Buffer.concat(await request.toArray()).toString()) as SyncWebhook & { type: string };
    response.writeHead(204).end();
    if (webhook.type !== "sync") return;
    arrived.push(webhook);
    server.emit("webhook");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  /** The next `count` webhooks about syncs of an integration. */
  const nextWebhooks = async (integration: string, count: number): Promise<SyncWebhook[]> => {
    const own = () => arrived.filter(({ providerConfigKey }) => providerConfigKey === integration);
    while (own().length < count) await once(server, "webhook");
    const taken = own().slice(0, count);
    for (const one of taken) arrived.splice(arrived.indexOf(one), 1);
    return taken;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, nextWebhooks };
};

type Product = Awaited<ReturnType<typeof startProduct>>;

// On a fresh database; it ends with the test.
const startProduct = async (t: TestContext) => {
  const db = await testDatabase(t);
  const { url: primary_url, nextWebhooks: next } = await listenForWebhooks(t);
  const settings = {
    PORT: "0",
    DATABASE_URL: db.url,
    SYNCLINE_DEV_API_KEY: API_KEY,
    SYNCLINE_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
    SYNCLINE_PROVIDERS: PROVIDERS,
  };
  const server = await startServer(readConfig(settings), createLogger("silent"));
  t.after(server.stop);

  const call = async <T>(method: string, url: string, o: { body?: unknown; headers?: Record<string, string> } = {}) => {
    const response = await fetch(server.url + url, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", ...o.headers },
      ...(o.body !== undefined && { body: JSON.stringify(o.body) }),
    });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };

  await call("PATCH", "/environment/webhooks", {
    body: { primary_url, on_sync_completion_always: true, on_sync_error: true },
  });

  let installed = 0;

  /**
   * Deploy these functions of one integration, which gets a name of its own, and connect a customer whose API is at
   * `apiUrl`; the syncs start at once.
   */
  const install = async (o: {
    functions: CompiledFunction[];
    apiUrl: string;
    token: string;
    authMode?: "OAUTH2" | "API_KEY";
    connectionConfig?: Record<string, unknown>;
    metadata?: Record<string, unknown>;
  }) => {
    const template = o.functions[0]?.integration as string;
    const integration = `${template}-${++installed}`;
    const functions = o.functions.map((one) => ({ ...seldom(one), integration }));
    // Salesforce has an address per customer anyway; providers.json makes the others take it from the connection too.
    const isSalesforce = template === "salesforce";
    const provider = isSalesforce ? template : `replayed-${template}`;
    const address = isSalesforce ? { instance_url: o.apiUrl } : { baseUrl: o.apiUrl };
    await call("POST", "/integrations", { body: { provider, unique_key: integration } });
    await call("POST", "/deploy", { body: { functions, mode: "integration" } });
    await call("POST", "/connections", {
      body: {
        provider_config_key: integration,
        connection_id: CONNECTION,
        credentials:
          o.authMode === "API_KEY" ? { type: "API_KEY", apiKey: o.token } : { type: "OAUTH2", access_token: o.token },
        connection_config: { ...o.connectionConfig, ...address },
        metadata: o.metadata ?? {},
      },
    });

    const nextWebhooks = (count: number): Promise<SyncWebhook[]> => next(integration, count);

    /** Run a sync now; resolves with the webhook about its end. */
    const run = async (name: string): Promise<SyncWebhook> => {
      const body = { provider_config_key: integration, connection_id: CONNECTION, syncs: [name] };
      await call("POST", "/sync/trigger", { body });
      return (await nextWebhooks(1))[0] as SyncWebhook;
    };

    /** Every record of a model that the customer has. */
    const records = async (model: string): Promise<StoredRecord[]> => {
      const headers = { "provider-config-key": integration, "connection-id": CONNECTION };
      const found: StoredRecord[] = [];
      let from = "";
      for (;;) {
        const page = await call<RecordsPage>("GET", `/records?model=${model}&limit=100${from}`, { headers });
        found.push(...page.records);
        if (page.next_cursor === null) return found;
        from = `&cursor=${encodeURIComponent(page.next_cursor)}`;
      }
    };

    return { nextWebhooks, run, records };
  };

  return { install };
};

type Body = (t: TestContext) => Promise<void>;

/** Tests of one file that share a product, which `install` is of: starting one costs more than most of them. */
export const productTests = (file: string, o: { skip?: string | false } = {}) => {
  const bodies: [name: string, body: Body][] = [];
  const started = Promise.withResolvers<Product>();
  test(file, o, async (t) => {
    started.resolve(await startProduct(t));
    for (const [name, body] of bodies) await t.test(name, body);
  });
  const install: Product["install"] = async (wanted) => (await started.promise).install(wanted);
  return { test: (name: string, body: Body): void => void bodies.push([name, body]), install };
};
