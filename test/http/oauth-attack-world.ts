// What the attacks on connecting through a browser share: a server with a public URL, two providers, and the checks of pages.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { startOidc } from "../helpers/oidc.ts";
import { PROD_KEY } from "./api.ts";
import { connectUrl, newBrowser, newSession, oauthWorld, type Page } from "./oauth-world.ts";

/** Where people and providers reach the server. */
export const PUBLIC = "https://sync.example";
/** A provider where each customer has a host, whose entry says nothing about the form of its name. */
const HOSTED = {
  display_name: "Hosted",
  auth_mode: "OAUTH2",
  authorization_url: `https://\${connectionConfig.subdomain}.hosted.example/auth/\${connectionConfig.space || main}`,
  token_url: `https://\${connectionConfig.subdomain}.hosted.example/token`,
  connection_config: { subdomain: { type: "string", title: "Subdomain", description: "The customer's." } },
};

const renamedCatalogue = (file: string, name: string): string => {
  const { oidc } = JSON.parse(readFileSync(file, "utf8"));
  const copy = path.join(mkdtempSync(path.join(os.tmpdir(), "syncline-oidc-")), "providers.json");
  writeFileSync(copy, JSON.stringify({ [name]: oidc, hosted: HOSTED }));
  return copy;
};

/** A page that says no, with this word for programs. */
export const assertRefused = (page: Page, code: string, status = 400): void => {
  assert.deepEqual([page.status, page.headers.get("content-type")], [status, "text/html; charset=utf-8"], page.text);
  assert.ok(page.text.includes(`<p class="code">${code}</p>`), page.text);
};

/** The world, with integrations `openid`, `other` (of the second provider), `hosted`, and `of-prod` in the other environment. */
export const attackWorld = async (t: TestContext) => {
  const second = await startOidc(t);
  const world = await oauthWorld(t, {
    publicUrl: PUBLIC,
    catalogueFiles: [renamedCatalogue(second.catalogueFile(), "second")],
  });
  const { api, integrate, leave } = world;
  second.allowRedirect(`${PUBLIC}/oauth/callback`);
  await integrate("other", { provider: "second" });
  await integrate("of-prod", { key: PROD_KEY });
  await api.must("POST", "/integrations", {
    body: {
      provider: "hosted",
      unique_key: "hosted",
      credentials: { type: "OAUTH2", client_id: "c", client_secret: "s" },
    },
  });

  const begin = async (browser = newBrowser(), query: Record<string, string> = {}) => {
    const token = await newSession(api);
    return { browser, token, ...(await leave(browser, { connect_session_token: token, ...query })) };
  };
  const open = (key: string, query: Record<string, string>, headers = {}) =>
    newBrowser().open(connectUrl(api, key, query), headers);
  const countConnections = async () => (await api.must("GET", "/connections")).connections.length;
  const withParam = (back: URL, name: string, value: string): URL => {
    const changed = new URL(back);
    changed.searchParams.set(name, value);
    return changed;
  };

  const madeNothing = async (work: () => Promise<void>): Promise<void> => {
    const before = await countConnections();
    await work();
    assert.equal(await countConnections(), before);
  };

  return { ...world, second, begin, open, countConnections, withParam, madeNothing };
};
