// Webhooks of providers put into the inbox as the door does once it has judged them.
import { randomUUID } from "node:crypto";
import type { DataKeys } from "../../src/crypto/data-keys.ts";
import { sealInboxContent } from "../../src/crypto/inbox-content.ts";
import { acceptEvents } from "../../src/db/inbox.ts";
import type { Pool } from "../../src/db/pool.ts";

export type Sent = {
  body: unknown;
  headers?: Record<string, string>;
  /** The connection it is about, by its name; all of them unless given. */
  to?: string;
  events?: string[];
  /** Where the payload is. */
  from?: "body" | "headers";
  at?: (string | number)[];
};

const partsOf = ({ to, events = ["contact.changed"], from = "body", at = [] }: Sent) => {
  const lookups = [to === undefined ? { by: "all" } : { by: "connectionId", value: to }];
  return JSON.stringify([{ events, lookups, from, at }]);
};

/** Accepts webhooks of the only integration, in one statement; they wait to be handled, and nobody is rung. */
export const acceptInto = async (deps: { pool: Pool; keys: DataKeys; environment: number }) => {
  const { pool, keys, environment } = deps;
  const key = await keys.ofEnvironment(environment);
  const { rows } = await pool.query("select id from syncline.integrations where environment_id = $1", [environment]);
  return async (sent: Sent[]): Promise<void> => {
    const uids = sent.map(() => randomUUID());
    const content = ({ body, headers = {} }: Sent, uid: string) =>
      sealInboxContent(key, uid, {
        method: "POST",
        url: "/",
        query: {},
        headers: { "content-type": "application/json", ...headers },
        body: Buffer.from(JSON.stringify(body)),
      });
    const contents = sent.map((one, at) => content(one, uids[at]!));
    await acceptEvents(pool, {
      uids,
      integrations: sent.map(() => rows[0].id),
      reasons: sent.map(() => null),
      verified: sent.map(() => true),
      deliveryIds: sent.map(() => null),
      keys: sent.map(() => null),
      bodyHashes: sent.map(() => null),
      contents,
      bytes: contents.map(({ length }) => length),
      parts: sent.map(partsOf),
      versions: sent.map(() => null),
    });
  };
};
