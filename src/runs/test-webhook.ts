// A signed webhook that somebody asked for, sent past the outbox: whether a receiver is there and accepts our signature.
import { randomUUID } from "node:crypto";
import type { DataKeys } from "../crypto/data-keys.ts";
import { openSigningKey } from "../crypto/signing-key.ts";
import { getSigningKey, getWebhookSettings } from "../db/environments.ts";
import type { Db } from "../db/fn.ts";
import type { LogWriter } from "../db/log-writer.ts";
import type { HttpClient } from "../outbound/client.ts";
import { jsonMessage, sendWebhook } from "./webhook.ts";

type Deps = { db: Db; keys: DataKeys; http: HttpClient; logs: LogWriter };

export type Tested = { url: string; status: number | null; ms: number; error: string | null };

export type TestWebhooks = (environment: { id: number; name: string }) => Promise<Tested[]>;

/** Send one to each URL of the environment, now, whatever state the endpoint is in; its health stays as it was. */
export const createTestWebhooks =
  ({ db, keys, http, logs }: Deps): TestWebhooks =>
  async ({ id, name }) => {
    const { primary_url, secondary_url } = await getWebhookSettings(db, { environment: id });
    const urls = new Set([primary_url, secondary_url].filter((url) => url !== null));
    const sealed = await getSigningKey(db, { environment: id });
    const signingKey = await openSigningKey(keys, id, sealed);
    const body = { from: "nango", type: "test", environment: name, sentAt: new Date().toISOString() };
    const test = async (url: string): Promise<Tested> => {
      const { status, ms, error } = await sendWebhook({ http })(
        { uid: randomUUID(), url, signingKey },
        jsonMessage(body),
      );
      const isTaken = status !== null && status >= 200 && status < 300;
      logs.write({
        environment_id: id,
        kind: "webhook",
        level: isTaken ? "info" : "warn",
        message: `webhook test ${status ?? error}`,
        detail: { host: new URL(url).host, status, error, ms },
      });
      return { url, status, ms, error };
    };
    return await Promise.all([...urls].map(test));
  };
