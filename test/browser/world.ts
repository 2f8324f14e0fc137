// What the connect page is tried on: our API, an OpenID provider, a keyed API that judges keys, and a page of an app at another
// origin with the published frontend in it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { build } from "esbuild";
import type { AccessSettings } from "../../src/http/deps.ts";
import { startOidc } from "../helpers/oidc.ts";
import { testApi } from "../http/api.ts";

const serve = async (t: TestContext, listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const filledWith = (name: string): string => `\${${name}}`;

const keyedEntry = (url: string) => ({
  display_name: "Northwind CRM",
  auth_mode: "API_KEY",
  docs: "https://docs.example/northwind",
  proxy: {
    base_url: url,
    headers: { "x-api-key": filledWith("apiKey") },
    verification: { method: "GET", endpoints: ["/me"] },
  },
  connection_config: {
    subdomain: {
      type: "string",
      title: "Workspace",
      description: "The first part of your workspace's address.",
      pattern: "^[a-z0-9-]+$",
      example: "acme",
      prefix: "https://",
      suffix: ".northwind.example",
      order: 1,
    },
    region: { type: "string", title: "Region", enum: ["eu", "us"], order: 2 },
    zone: { type: "string", title: "Zone", visible_when: { field: "region", equals: "us" } },
    found: { type: "string", title: "Not asked for", automated: true },
  },
  credentials: {
    apiKey: {
      type: "string",
      title: "API key",
      description: "Made under Settings, API access.",
      example: "good-1",
      pattern: "^[a-z]+-[0-9]+$",
      secret: true,
    },
  },
});

const hostedEntry = {
  display_name: "Fabrikam (your own server)",
  auth_mode: "API_KEY",
  docs_connect: "https://docs.example/fabrikam",
  proxy: { base_url: filledWith("connectionConfig.baseUrl"), headers: { "x-api-key": filledWith("apiKey") } },
  connection_config: {
    baseUrl: { type: "string", title: "Address", format: "uri", doc_section: "#your-server" },
  },
  credentials: { apiKey: { type: "string", title: "API key", secret: true } },
};

/** Bundle the published frontend as an app would. */
const bundleFrontend = async (): Promise<string> => {
  const { outputFiles } = await build({
    stdin: {
      contents:
        'import Nango, { ConnectUI } from "@nangohq/frontend"; Object.assign(globalThis, { Nango, ConnectUI });',
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: "esm",
  });
  return outputFiles[0]?.text ?? "";
};

const APP_PAGE =
  '<!doctype html><html lang="en"><title>An app</title><h1>An app</h1><button id="go">Go</button><script type="module" src="/frontend.js"></script></html>';

export const startWorld = async (t: TestContext, access: AccessSettings = {}) => {
  const oidc = await startOidc(t);
  const keyed = await serve(t, (req, res) => {
    res.writeHead(String(req.headers["x-api-key"]).startsWith("good") ? 200 : 401).end("{}");
  });
  const folder = mkdtempSync(path.join(os.tmpdir(), "syncline-connect-page-"));
  const file = path.join(folder, "providers.json");
  writeFileSync(file, JSON.stringify({ northwind: keyedEntry(keyed), fabrikam: hostedEntry }));
  const api = await testApi(t, { catalogueFiles: [file, oidc.catalogueFile()], access });
  oidc.allowRedirect(`${api.url}/oauth/callback`);
  const integrate = (provider: string, unique_key: string, more: object = {}) =>
    api.must("POST", "/integrations", { body: { provider, unique_key, ...more } });
  await integrate("northwind", "northwind", { display_name: "Northwind CRM" });
  await integrate("oidc", "calendar", {
    display_name: "Contoso Calendar",
    credentials: { type: "OAUTH2", ...oidc.client, scopes: "openid,offline_access" },
  });
  const frontend = await bundleFrontend();
  const app = await serve(t, (req, res) => {
    const isScript = req.url === "/frontend.js";
    res.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    res.end(isScript ? frontend : APP_PAGE);
  });
  /** A new session; the end user is Ada. */
  const invite = async (...allowed: string[]): Promise<{ token: string; link: string }> => {
    const body = {
      end_user: { id: "u1", email: "ada@example.com", display_name: "Ada Lovelace" },
      ...(allowed.length > 0 && { allowed_integrations: allowed }),
    };
    const { token, connect_link: link } = (await api.must("POST", "/connect/sessions", { body })).data;
    return { token, link };
  };
  const connections = async (): Promise<{ provider_config_key: string; connection_id: string }[]> =>
    (await api.must("GET", "/connections")).connections;
  return { api, oidc, app, integrate, invite, connections };
};

export type World = Awaited<ReturnType<typeof startWorld>>;
