// From judged webhooks to rows of the inbox: one statement for all that come while the one before is under way.
import { randomUUID } from "node:crypto";
import { sealInboxContent } from "../../crypto/inbox-content.ts";
import { contentHash } from "../../crypto/seal.ts";
import { createBatcher } from "../../db/batcher.ts";
import { acceptEvents } from "../../db/inbox.ts";
import type { Pool } from "../../db/pool.ts";
import { storableJson, storableText } from "../../db/storable.ts";
import { againAfterDeadlock } from "../../db/tx.ts";
import type { Part, WebhookRequest } from "../../providers/webhook/types.ts";
import type { Target } from "./target.ts";

const MOST_AT_ONCE = 200;
const EVERY_MS = 4; // at 1,000 a second four share a statement
const MOST_BYTES_AT_ONCE = 8 * 1024 * 1024;
const LONGEST_ID = 255;

/**
 * `again`: the same came before; `changed`: the same id came before, with another body; `outdated`: its integration is not
 * what it was judged by, or gone.
 */
export type Stored = "stored" | "again" | "changed" | "outdated";

/** What is to be stored: `reason` says why it is refused. */
export type Judged = {
  target: Target;
  request: WebhookRequest;
  reason: string | null;
  isVerified: boolean;
  deliveryId: string | undefined;
  parts: Part[];
};

// What a signature is told by: the same body signed at another time is another webhook.
const SIGNATURE = /signature|hmac|digest|timestamp|token/;
// Where the headers are the event, all of them tell it from another.
const PASSING = /^(x-forwarded-|x-real-ip|x-request-id|x-amzn-|x-cloud)/;

const isTelling = (name: string, parts: Part[]): boolean =>
  SIGNATURE.test(name) ||
  (parts.some(({ from }) => from === "headers") && name.startsWith("x-") && !PASSING.test(name));

type Told = Pick<Judged, "target" | "request" | "deliveryId" | "parts">;

// Without an id of the provider's a webhook is told from others by where it went, its signature and its body.
const whatItSays = ({ request, parts }: Told, bodyHash: Buffer): string => {
  const { method, url, headers } = request;
  const telling = Object.entries(headers).filter(([name]) => isTelling(name, parts));
  return JSON.stringify([method, new URL(url).search, telling.sort(), bodyHash.toString("base64")]);
};

type Row = {
  uid: string;
  integration: number;
  version: string;
  reason: string | null;
  isVerified: boolean;
  deliveryId: string | null;
  key: Buffer | null;
  bodyHash: Buffer;
  content: Buffer;
  bytes: number;
  parts: string;
};

/** What an accepted webhook is told from others by. */
export const dedupeKey = (told: Told, bodyHash = contentHash(told.target.key, told.request.body)): Buffer =>
  contentHash(
    told.target.key,
    told.deliveryId === undefined ? `said ${whatItSays(told, bodyHash)}` : `id ${told.deliveryId}`,
  );

/** The provider's own id as it is kept. */
export const storedId = (deliveryId: string | undefined): string | null =>
  deliveryId === undefined ? null : storableText(deliveryId).slice(0, LONGEST_ID);

const toRow = (judged: Judged): Row => {
  const { target, request, reason, isVerified, deliveryId, parts } = judged;
  const uid = randomUUID();
  const bodyHash = contentHash(target.key, request.body);
  return {
    uid,
    integration: target.integration,
    version: target.version,
    reason,
    isVerified,
    deliveryId: storedId(deliveryId),
    key: reason === null ? dedupeKey(judged, bodyHash) : null,
    bodyHash,
    content: sealInboxContent(target.key, uid, request),
    bytes: request.body.length,
    parts: storableJson(JSON.stringify(parts)),
  };
};

// The letters of accept_events.
const RESULTS: Record<string, Stored> = { "+": "stored", "=": "again", "!": "changed", "-": "outdated" };

/** Stores what was judged and resolves when it is committed. `onStored` is called after commits of what is to be handled. */
export const createStore = ({ db, onStored }: { db: Pool; onStored: () => void }) => {
  const write = createBatcher<Row, string>({
    most: MOST_AT_ONCE,
    everyMs: EVERY_MS,
    heaviest: MOST_BYTES_AT_ONCE,
    weigh: ({ content }) => content.length,
    work: async (batch) => {
      const given = {
        uids: batch.map(({ uid }) => uid),
        integrations: batch.map(({ integration }) => integration),
        reasons: batch.map(({ reason }) => reason),
        verified: batch.map(({ isVerified }) => isVerified),
        deliveryIds: batch.map(({ deliveryId }) => deliveryId),
        keys: batch.map(({ key }) => key),
        bodyHashes: batch.map(({ bodyHash }) => bodyHash),
        contents: batch.map(({ content }) => content),
        bytes: batch.map(({ bytes }) => bytes),
        parts: batch.map(({ parts }) => parts),
        versions: batch.map(({ version }) => version),
      };
      const letters = await againAfterDeadlock(() => acceptEvents(db, given));
      if (batch.some(({ reason }, index) => reason === null && letters[index] === "+")) onStored();
      return [...letters];
    },
  });

  return async (judged: Judged): Promise<Stored> => RESULTS[await write(toRow(judged))] as Stored;
};
