// An integration whose provider sends webhooks, and a provider that sends them.
import { createHmac } from "node:crypto";
import type { TestContext } from "node:test";
import type { DataKeys } from "../../src/crypto/data-keys.ts";
import { openInboxContent } from "../../src/crypto/inbox-content.ts";
import { type TestApi, testApi } from "./api.ts";

export const SECRET = "canary-webhook-secret";

export type Sent = {
  id?: string;
  body?: string | Buffer;
  secret?: string | null;
  headers?: Record<string, string>;
  method?: string;
  to?: string;
};

export const signatureOf = (body: string | Buffer, secret = SECRET): string =>
  createHmac("sha256", secret).update(body).digest("hex");

/** Headers as the provider sends them with this body. */
export const headersOf = ({ id, body = "{}", secret = SECRET, headers = {} }: Sent): Record<string, string> => ({
  "content-type": "application/json",
  ...(secret !== null && { "x-acme-signature": signatureOf(body, secret) }),
  ...(id !== undefined && { "x-acme-delivery": id }),
  ...headers,
});

/** Send one to `url`; status and text of the answer. */
export const sendTo = async (url: string, sent: Sent = {}): Promise<{ status: number; text: string }> => {
  const { body = "{}", method = "POST" } = sent;
  const response = await fetch(url, {
    method,
    headers: headersOf(sent),
    ...(method === "GET" || method === "HEAD" ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
  });
  return { status: response.status, text: await response.text() };
};

/** The API with integration `crm`, which verifies, and `send` to it. */
export const ingressApi = async (t: TestContext, o: Parameters<typeof testApi>[1] = {}) => {
  const api = await testApi(t, o);
  await api.integrate("crm", { body: { provider: "acme", unique_key: "crm", custom: { webhookSecret: SECRET } } });
  const [environment] = await api.db.query("select uid from syncline.environments where name = 'dev'");
  const path = `/webhook/${environment!.uid}/crm`;
  const send = (sent: Sent = {}) => sendTo(sent.to ?? api.url + path, sent);
  const rows = () =>
    api.db.query(
      "select x.uid, x.verdict, x.reason, x.state, x.delivery_id, x.duplicates, x.parts, x.bytes, x.content_sealed from syncline.inbox x order by x.id",
    );
  return { ...api, uid: environment!.uid as string, path, send, rows };
};

/** What a row of the inbox holds. */
export const contentOf = async (api: { keys: DataKeys; dev: TestApi["dev"] }, row: Record<string, unknown>) =>
  openInboxContent(await api.keys.ofEnvironment(api.dev.id), row.uid as string, row.content_sealed as Buffer);
