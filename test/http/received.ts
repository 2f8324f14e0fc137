// Webhooks of providers as rows, without a provider: sealed as they are when they come.
import { randomUUID } from "node:crypto";
import type { DataKeys } from "../../src/crypto/data-keys.ts";
import { sealInboxContent } from "../../src/crypto/inbox-content.ts";
import { acceptEvents } from "../../src/db/inbox.ts";
import type { Db } from "../../src/db/pool.ts";

type Received = {
  environment: number;
  integration: number;
  body: unknown;
  /** The lookup value of metadata.team. */
  team?: string;
  event?: string;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  /** Why it is refused. */
  reason?: string;
};

/** Store one; its uid. */
export const receive = async (
  { db, keys }: { db: Db; keys: DataKeys },
  { environment, integration, body, team = "none", event = "push", headers = {}, query = {}, reason }: Received,
): Promise<string> => {
  const uid = randomUUID();
  const text = Buffer.from(JSON.stringify(body));
  const content = { method: "POST" as const, url: "https://here.example/webhook/x/y?z=1", query, headers, body: text };
  const part = { events: [event], lookups: [{ by: "metadata.team", value: team }], from: "body", at: [] };
  const key = await keys.ofEnvironment(environment);
  await acceptEvents(db, {
    uids: [uid],
    integrations: [integration],
    reasons: [reason ?? null],
    verified: [reason === undefined],
    deliveryIds: [reason === undefined ? uid : null],
    keys: [reason === undefined ? Buffer.from(uid) : null],
    bodyHashes: [null],
    contents: [sealInboxContent(key, uid, content)],
    bytes: [text.length],
    parts: [JSON.stringify(reason === undefined ? [part] : [])],
    versions: [null],
  });
  return uid;
};
