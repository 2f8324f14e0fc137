// An HMAC whose key stands at an address that the webhook itself names: worth something only while that address is the provider's.
import { createHash, createHmac } from "node:crypto";
import { refuse } from "../refusal.ts";
import { decodeSignature, isSameDigest } from "../same.ts";
import { firstText, valuesAt } from "../values.ts";
import type { FetchedKey } from "../verification.ts";
import type { Check, Checked } from "./types.ts";

const isTrusted = (address: string, hosts: string[]): boolean => {
  const url = URL.parse(address);
  if (url?.protocol !== "https:" || url.port !== "" || url.username !== "" || url.password !== "") return false;
  return hosts.some((host) => url.hostname === host || url.hostname.endsWith(`.${host}`));
};

const keyFrom = async ({ keyAt }: FetchedKey, { fetchKeys }: Checked, url: string, isFresh: boolean) => {
  try {
    const [key] = valuesAt(await fetchKeys?.(url, isFresh), keyAt);
    return typeof key === "string" && key !== "" ? key : undefined;
  } catch {
    return undefined;
  }
};

export const checkFetchedKey: Check<FetchedKey> = async (scheme, checked) => {
  const { headers, body } = checked.request;
  const signature = decodeSignature(headers[scheme.header]?.trim() ?? "", "base64");
  if (signature === undefined) return refuse("malformed_signature", `${scheme.header} holds no signature in base64.`);
  const url = firstText(scheme.keyUrl, checked.material());
  if (url === undefined || !isTrusted(url, scheme.hosts))
    return refuse("key_address_untrusted", `It names no address for its key below ${scheme.hosts.join(", ")}.`);
  for (const isFresh of [false, true]) {
    const key = await keyFrom(scheme, checked, url, isFresh);
    if (key === undefined) return refuse("keys_unavailable", "The key that it is signed with could not be fetched.");
    const hashed = createHash("sha256").update(key).digest();
    if (isSameDigest(signature, createHmac("sha256", hashed).update(body).digest())) return undefined;
  }
  return refuse("signature_mismatch", `The signature in ${scheme.header} does not fit.`);
};
