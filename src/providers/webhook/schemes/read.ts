// The signatures and the time that stand in the headers of a webhook.
import { type Refusal, refuse } from "../refusal.ts";
import { decodeSignature } from "../same.ts";
import type { WebhookRequest } from "../types.ts";
import type { Hash } from "../verification.ts";

type Read = { signatures: Buffer[]; timestamp: string | undefined };
type Pair = [name: string, value: string];

// More signatures than any rotation of keys needs cost hashing and say nothing.
const MOST = 16;

const pairsOf = (text: string): Pair[] =>
  text.split(",", MOST).map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair.trim(), ""] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });

const textsIn = ({ layout, pair, prefix, isPrefixOptional }: Hash, text: string): string[] => {
  if (layout === "pairs") return pairsOf(text).flatMap(([name, value]) => (name === pair ? [value] : []));
  const signature = text.trim();
  if (signature.startsWith(prefix)) return [signature.slice(prefix.length)];
  return isPrefixOptional ? [signature] : [];
};

const timestampIn = ({ timestamp }: Hash, text: string, { headers }: WebhookRequest): string | undefined => {
  if (timestamp === undefined) return undefined;
  if (timestamp.header !== undefined) return headers[timestamp.header];
  return pairsOf(text).find(([name]) => name === "t")?.[1];
};

/** What a scheme's header holds; it is there, as the scheme was chosen by it. */
export const readSignatures = (scheme: Hash, request: WebhookRequest): Read | Refusal => {
  const text = request.headers[scheme.header] ?? "";
  const signatures = textsIn(scheme, text).flatMap((one) => decodeSignature(one, scheme.encoding) ?? []);
  if (signatures.length > 0) return { signatures, timestamp: timestampIn(scheme, text, request) };
  return refuse("malformed_signature", `${scheme.header} holds no ${scheme.hash} signature in ${scheme.encoding}.`);
};
