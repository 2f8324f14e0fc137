// AWS KMS as far as we speak to it: answers in the shapes of its API reference, and signatures judged by the package aws4.
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

type Signable = { host: string; method: string; path: string; service: string; region: string; body: string };
type Secrets = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
type Aws4 = {
  sign: (r: Signable & { headers: Record<string, string> }, s: Secrets) => { headers: Record<string, string> };
};
const aws4 = createRequire(import.meta.url)("aws4") as Aws4; // has no types

export const KEY_ARN = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
export const ALIAS = "alias/syncline";
const OTHER_ARN = "arn:aws:kms:us-east-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";

/** The credentials it accepts. */
export const SECRETS: Secrets = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "a session token",
};

export type Call = { operation: string; input: Record<string, unknown>; body: string };

export type KmsWorld = {
  url: string;
  calls: Call[];
  /** Refuse the next calls, one after another: the status and the body as KMS sends it. */
  refuseNext: (...answers: { status: number; body: object }[]) => void;
  /** Let the alias lead to another key. */
  moveAlias: () => void;
};

const canonical = (context: unknown): string =>
  JSON.stringify(Object.entries((context ?? {}) as object).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** A KMS with one key and an alias for it, in us-east-2. */
export const startKms = async (t: TestContext): Promise<KmsWorld> => {
  const calls: Call[] = [];
  const refusals: { status: number; body: object }[] = [];
  const wrapped = new Map<string, { plaintext: string; key: string; context: string }>();
  let aliased = KEY_ARN;

  const isSigned = (headers: Record<string, unknown>, body: string): boolean => {
    const { authorization, ...sent } = headers as Record<string, string>;
    const names = /SignedHeaders=([^,]+)/.exec(authorization ?? "")?.[1]?.split(";") ?? [];
    const wanted = ["host", "x-amz-date", "x-amz-target", "x-amz-security-token", "content-type"];
    if (!wanted.every((name) => names.includes(name))) return false;
    const request = { method: "POST", path: "/", service: "kms", region: "us-east-2", body };
    const own = Object.fromEntries(names.map((name) => [name, sent[name]!]));
    // It adds Content-Length to what is signed, unless it is told not to.
    const options = { ...request, host: sent.host!, headers: own, extraHeadersToIgnore: { "content-length": true } };
    const { headers: signed } = aws4.sign(options, SECRETS);
    return signed.Authorization === authorization;
  };

  const answer = (operation: string, input: Record<string, unknown>): { status: number; body: object } => {
    const refuse = (__type: string, message?: string) => ({
      status: 400,
      body: { __type, ...(message && { message }) },
    });
    const key = input.KeyId === ALIAS ? aliased : input.KeyId;
    const context = canonical(input.EncryptionContext);
    if (key !== KEY_ARN && key !== OTHER_ARN) return refuse("NotFoundException", `Alias ${input.KeyId} is not found.`);
    if (operation === "GenerateDataKey") {
      const plaintext = randomBytes(32).toString("base64");
      const blob = randomBytes(184).toString("base64");
      wrapped.set(blob, { plaintext, key, context });
      const material = createHash("sha256").update(key).digest("hex");
      return { status: 200, body: { CiphertextBlob: blob, KeyId: key, KeyMaterialId: material, Plaintext: plaintext } };
    }
    const found = wrapped.get(String(input.CiphertextBlob));
    if (found === undefined || found.context !== context) return refuse("InvalidCiphertextException");
    if (found.key !== key)
      return refuse(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this.",
      );
    const body = { EncryptionAlgorithm: "SYMMETRIC_DEFAULT", KeyId: found.key, Plaintext: found.plaintext };
    return { status: 200, body };
  };

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const operation = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const send = ({ status, body: says }: { status: number; body: object }): void => {
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "d5cc0f2d" });
      response.end(JSON.stringify(says));
    };
    if (!isSigned(request.headers, body)) {
      const message = "The request signature we calculated does not match the signature you provided.";
      return send({ status: 400, body: { __type: "InvalidSignatureException", message } });
    }
    const input = JSON.parse(body);
    calls.push({ operation, input, body });
    send(refusals.shift() ?? answer(operation, input));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls,
    refuseNext: (...answers) => void refusals.push(...answers),
    moveAlias: () => {
      aliased = OTHER_ARN;
    },
  };
};
