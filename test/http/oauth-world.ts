// A server with an OpenID provider behind it, a browser that keeps cookies, and the WebSocket of the published frontend.
import type { TestContext } from "node:test";
import WebSocket from "ws";
import { startOidc } from "../helpers/oidc.ts";
import { type TestApi, testApi } from "./api.ts";

export type Page = { status: number; headers: Headers; text: string; location: URL | null };

/** A browser: cookies by origin, no redirects by itself. */
export const newBrowser = () => {
  const cookies = new Map<string, string>();
  const open = async (url: string, headers: Record<string, string> = {}): Promise<Page> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { ...(cookie && { cookie }), ...headers } });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (/Max-Age=0/.test(set)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get("location");
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: location === null ? null : new URL(location, url),
    };
  };
  return { open, cookies };
};

export type Browser = ReturnType<typeof newBrowser>;

/** The frontend's socket: its id, and the message that ends it. */
export const newSocket = async (t: TestContext, url: string) => {
  const socket = new WebSocket(url.replace("http", "ws"));
  t.after(() => socket.terminate());
  const messages: Record<string, unknown>[] = [];
  const waiting: ((message: Record<string, unknown>) => void)[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    const take = waiting.shift();
    if (take === undefined) messages.push(message);
    else take(message);
  });
  const next = (): Promise<Record<string, unknown>> => {
    const message = messages.shift();
    return message === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(message);
  };
  const ack = await next();
  return { id: String(ack.ws_client_id), ack, next, messages, socket };
};

/** A session's token. */
export const newSession = async (api: TestApi, body: object = {}, key?: string): Promise<string> =>
  (await api.must("POST", "/connect/sessions", { body: { tags: { team: "red" }, ...body }, ...(key && { key }) })).data
    .token;

/** Where the frontend's popup goes. */
export const connectUrl = (api: Pick<TestApi, "url">, key: string, query: Record<string, string>): string =>
  `${api.url}/oauth/connect/${key}?${new URLSearchParams(query)}`;

/** The API with integration `openid`, whose provider lets people be sent back to us. */
export const oauthWorld = async (t: TestContext, o: { publicUrl?: string; catalogueFiles?: string[] } = {}) => {
  const oidc = await startOidc(t);
  const { publicUrl, catalogueFiles = [] } = o;
  const api = await testApi(t, {
    catalogueFiles: [oidc.catalogueFile(), ...catalogueFiles],
    ...(publicUrl && { access: { publicUrl } }),
  });
  oidc.allowRedirect(`${publicUrl ?? api.url}/oauth/callback`);
  const integrate = (uniqueKey: string, options: { key?: string; provider?: string } = {}) =>
    api.must("POST", "/integrations", {
      body: {
        provider: options.provider ?? "oidc",
        unique_key: uniqueKey,
        credentials: { type: "OAUTH2", ...oidc.client },
      },
      ...(options.key && { key: options.key }),
    });
  await integrate("openid");
  /** To the provider, where `answer` is pressed, and to the callback's URL, which is not opened. */
  const leave = async (browser: Browser, query: Record<string, string>, answer?: "allow" | "deny") => {
    const left = await browser.open(connectUrl(api, "openid", query));
    if (left.location === null) throw new Error(`${left.status} ${left.text}`);
    return { left, to: left.location, back: await oidc.clickThrough(left.location.href, answer) };
  };
  /** Open what a provider led back to, at the server where it really is. */
  const comeBack = (browser: Browser, back: URL): Promise<Page> => browser.open(api.url + back.pathname + back.search);
  return { oidc, api, integrate, leave, comeBack };
};
