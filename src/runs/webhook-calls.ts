// What a webhook run calls its function with: the payloads of its calls, out of the sealed webhooks.
import type { DataKeys } from "../crypto/data-keys.ts";
import { openInboxContent } from "../crypto/inbox-content.ts";
import type { DataKey } from "../crypto/keyring.ts";
import type { Pool } from "../db/pool.ts";
import type { Lease } from "../db/runs.ts";
import { takeWebhookCalls } from "../db/webhook-calls.ts";
import { AppError } from "../errors.ts";
import { type Content, partPayload, readBody } from "../providers/webhook/payload.ts";
import type { Part } from "../providers/webhook/types.ts";

const MOST_AT_ONCE = 100;

type Kept = { inbox_uid: string; content_sealed: Buffer | null };

/** Opens webhooks; the last one is remembered, as its parts follow each other. */
const createOpener = (key: DataKey) => {
  let last: { uid: string; content: Content } | undefined;
  return ({ inbox_uid: uid, content_sealed: sealed }: Kept): Content => {
    if (last?.uid === uid) return last.content;
    if (sealed === null) throw new AppError("not_found", "What the provider sent was forgotten.");
    const request = openInboxContent(key, uid, sealed);
    last = { uid, content: { headers: request.headers, body: readBody(request) } };
    return last.content;
  };
};

/** Take the calls that are due; undefined when there are none. Nothing is called twice at the same time. */
export const takeCalls = async ({ pool, keys }: { pool: Pool; keys: DataKeys }, lease: Lease) => {
  const taken = await takeWebhookCalls(pool, { run: lease.id, token: lease.token, most: MOST_AT_ONCE });
  const [first] = taken;
  if (first === undefined) return undefined;
  const open = createOpener(await keys.ofEnvironment(lease.environment_id));
  const payloads = taken.map((call) => partPayload(open(call), call.part as Part));
  return { entry: first.entry, payload: first.entry === "onWebhook" ? payloads[0] : payloads };
};
