// What a webhook to the app says, byte for byte. One that passes on what a provider sent is put together when it is sent, as
// its content rests but once: sealed, in the inbox.
import type { DataKeys } from "../crypto/data-keys.ts";
import { openInboxContent } from "../crypto/inbox-content.ts";
import type { Db } from "../db/fn.ts";
import { type ClaimedDelivery, findForwarded } from "../db/outbox.ts";
import { forwardPayload, MALFORMED, readBody } from "../providers/webhook/payload.ts";
import type { Part } from "../providers/webhook/types.ts";
import { jsonMessage, type Message } from "../runs/webhook.ts";

// Between the provider and us, not between it and the app: who it was sent to and by, how the body came, who may see it.
const NOT_PASSED_ON = [
  ...[
    "host",
    "authorization",
    "connection",
    "keep-alive",
    "content-length",
    "content-type",
    "content-encoding",
    "cookie",
  ],
  ...["set-cookie", "referer", "user-agent", "sec-", "proxy-", "www-authenticate", "server"],
  ...["transfer-encoding", "trailer", "te", "upgrade", "expect"],
];

/** The headers of a provider's webhook that the app gets with it. */
export const passedOn = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !NOT_PASSED_ON.some((start) => (start === "te" ? name === start : name.startsWith(start))),
    ),
  );

/**
 * The message of a webhook: compact JSON with sorted keys; for a provider's webhook that is about no connection its body as
 * it came. Null when what it passes on is not kept any more, or is the connection's no more.
 */
export const composeWebhook =
  ({ db, keys }: { db: Db; keys: DataKeys }) =>
  async ({ id, kind, body, environment_id, connection_id }: ClaimedDelivery): Promise<Message | null> => {
    if (kind !== "forward") return jsonMessage(body);
    const found = await findForwarded(db, { id });
    if (found === null) return null;
    const content = openInboxContent(await keys.ofEnvironment(environment_id), found.uid, found.content_sealed);
    const headers = passedOn(content.headers);
    if (connection_id === null) {
      const type = content.headers["content-type"] ?? "application/octet-stream";
      return { headers: { ...headers, "content-type": type }, body: content.body };
    }
    const read = readBody(content);
    const value = read === MALFORMED ? content.body.toString() : read;
    return jsonMessage(
      {
        ...body,
        payload: forwardPayload({ headers: content.headers, body: value }, found.parts as Part[], found.mine),
      },
      headers,
    );
  };
