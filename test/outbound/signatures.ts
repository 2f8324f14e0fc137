// What a provider does with a signed request: it makes the signature again from the bytes that arrived. Written apart from
// the signers, from RFC 5849 and AWS's description, over the raw text of the request.
import { createHash, createHmac } from "node:crypto";
import type { Seen } from "./server.ts";

const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));

const pairs = (text: string): string[][] =>
  text === ""
    ? []
    : text.split("&").map((pair) => {
        const at = pair.indexOf("=");
        return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
      });

/** The fields of an OAuth header. */
export const oauthFields = ({ headers }: Seen): Record<string, string> => {
  const fields = [...(headers.authorization ?? "").matchAll(/(\w+)="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name, value]) => [name, decodeURIComponent(value as string)]));
};

/** The signature that the request should have; `hash` is sha1 or sha256. */
export const oauthSignature = (seen: Seen, origin: string, hash: string, secrets: [string, string]): string => {
  const { oauth_signature: _signature, realm: _realm, ...oauth } = oauthFields(seen);
  const [path, query = ""] = seen.url.split("?");
  const isForm = seen.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  const sent = [...pairs(query), ...(isForm ? pairs(seen.body.toString()) : [])].map((pair) => pair.map(formDecoded));
  const all = [...sent, ...Object.entries(oauth)].map((pair) => pair.map(strict).join("="));
  const base = [seen.method, strict(origin + path), strict(all.sort().join("&"))].join("&");
  return createHmac(hash, secrets.map(strict).join("&")).update(base).digest("base64");
};

const sha256 = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** The Authorization that the request should have, for the scope and the headers that it names itself. */
export const awsAuthorization = (seen: Seen, secret: string): string => {
  const given = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=(\S+), Signature=/;
  const [, keyId, scope = "", names = ""] = given.exec(seen.headers.authorization ?? "") ?? [];
  const [path = "", query = ""] = seen.url.split("?");
  const canonical = [
    seen.method,
    path.split("/").map(strict).join("/"),
    pairs(query)
      .map((pair) => pair.map((part) => strict(decodeURIComponent(part))).join("="))
      .sort()
      .join("&"),
    ...names.split(";").map((name) => `${name}:${seen.headers[name]}`),
    "",
    names,
    sha256(seen.body),
  ].join("\n");
  const [day = "", region = "", service = "", end = ""] = scope.split("/");
  const key = [region, service, end].reduce<Buffer>(hmac, hmac(`AWS4${secret}`, day));
  const toSign = ["AWS4-HMAC-SHA256", seen.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const signature = hmac(key, toSign).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
};
