// A provider's webhook as people may see it: what would let them pass for the provider is hidden, in headers and query.
// The body is shown whole, as a text where it is one: it is what syncs and the app are given too.
import { isUtf8 } from "node:buffer";
import { z } from "zod";
import type { DataKeys } from "../../crypto/data-keys.ts";
import { type InboxContent, openInboxContent } from "../../crypto/inbox-content.ts";
import { hasCode } from "../../errors.ts";

const HIDDEN = "[redacted]";
const SECRET = /auth|cookie|signature|token|secret|passw|hmac|api-?key|credential|jwt|session|^sig$/i;

export const ShownRequest = z.strictObject({
  method: z.enum(["GET", "POST"]),
  path: z.string(),
  query: z.record(z.string(), z.string()),
  headers: z.record(z.string(), z.string()).meta({ description: "Signatures and credentials are hidden." }),
  encoding: z.enum(["utf8", "base64"]).meta({ description: "How `body` is written." }),
  body: z.string(),
});

type Shown = z.input<typeof ShownRequest>;
type Sealed = { uid: string; content_sealed: Buffer | null };

const hide = (named: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [name, SECRET.test(name) ? HIDDEN : value]));

/** What came, from its sealed form; null when it is gone, alone or with the environment's key. */
export const openRequest = async (
  keys: DataKeys,
  environment: number,
  { uid, content_sealed: sealed }: Sealed,
): Promise<InboxContent | null> => {
  if (sealed === null) return null;
  try {
    return openInboxContent(await keys.ofEnvironment(environment), uid, sealed);
  } catch (error) {
    if (hasCode(error, "not_found")) return null;
    throw error;
  }
};

/** As people may see it. */
export const showRequest = async (keys: DataKeys, environment: number, event: Sealed): Promise<Shown | null> => {
  const content = await openRequest(keys, environment, event);
  if (content === null) return null;
  const { method, url, query, headers, body } = content;
  const encoding = isUtf8(body) ? "utf8" : "base64";
  const path = url.replace(/[?#].*$/s, "");
  return { method, path, query: hide(query), headers: hide(headers), encoding, body: body.toString(encoding) };
};
