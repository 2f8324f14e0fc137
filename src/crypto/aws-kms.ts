// AWS KMS: its JSON protocol, two operations of it. The role needs kms:GenerateDataKey (once for each name) and kms:Decrypt.
// The setting is awskms:///<key id, key ARN or alias/name>?region=<region>; another `version` in it is another key of ours.
import { setTimeout as pause } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { type AwsCredentialSettings, findAwsCredentials } from "./aws-credentials.ts";
import type { Kms } from "./kms.ts";

export type AwsSettings = AwsCredentialSettings & { region: string | undefined; kmsUrl: string | undefined };

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100; // doubled each time, with jitter: 3 s in all
const TIMEOUT_MS = 5_000;

// KMS answers throttling with 400, as it does what will not pass.
const PASSING = new Set(["ThrottlingException", "LimitExceededException", "KMSInternalException"]);

// What to do, by the kind of refusal; the service's own message comes first.
const ADVICE: Record<string, string> = {
  AccessDeniedException: "The role of these credentials needs kms:GenerateDataKey and kms:Decrypt on the key.",
  DisabledException: "Enable the key in AWS KMS.",
  KMSInvalidStateException: "The key is disabled, about to be deleted, or pending import.",
  NotFoundException: "Is the region right, and is the alias still there?",
  IncorrectKeyException:
    "The alias leads to another key than when ours was made: name that key's ARN, or lead it back.",
  InvalidCiphertextException: "It was wrapped for another installation, or is damaged.",
  UnrecognizedClientException: "The AWS credentials are not valid.",
  InvalidSignatureException: "The AWS credentials are not valid, or this machine's clock is wrong.",
  ExpiredTokenException: "The AWS session token has expired.",
};

const KEY_BYTES = 32;
// Any other length, none above all, would be taken for a master key, which is derived from.
const Plaintext = z.base64().refine((text) => Buffer.from(text, "base64").length === KEY_BYTES);
const Made = z.object({ Plaintext, CiphertextBlob: z.base64(), KeyId: z.string() });
const Opened = z.object({ Plaintext });
const Refusal = z.object({ __type: z.string(), message: z.string().optional(), Message: z.string().optional() });

type Operation = "GenerateDataKey" | "Decrypt";
type Answer = { status: number; body: unknown };

const ARN_REGION = /^arn:aws[\w-]*:kms:([a-z0-9-]+):/;

const parseName = (name: string, settings: AwsSettings): { keyId: string; region: string; url: string } => {
  const uri = URL.parse(name);
  const keyId = decodeURIComponent(uri?.pathname.slice(1) ?? "");
  const region = uri?.searchParams.get("region") ?? ARN_REGION.exec(keyId)?.[1] ?? settings.region;
  if (uri === null || uri.host !== "" || keyId === "")
    throw new AppError("invalid_settings", `${name} names no key. Write awskms:///alias/<name>?region=<region>.`);
  if (region === undefined)
    throw new AppError("invalid_settings", `${name} names no region: add ?region=<region>, or set AWS_REGION.`);
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return { keyId, region, url: settings.kmsUrl ?? `https://kms.${region}.${domain}/` };
};

/** The key of AWS KMS that a setting names. Its operations throw `invalid_settings` that says what KMS said, and what to do. */
export const openAwsKms = (name: string, settings: AwsSettings): Kms => {
  const { keyId, region, url } = parseName(name, settings);

  const send = async (operation: Operation, body: string): Promise<Answer> => {
    const signer = new AwsV4Signer({
      ...(await findAwsCredentials(settings)),
      method: "POST",
      url,
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${operation}` },
      body,
      service: "kms",
      region,
      allHeaders: true,
    });
    const { headers } = await signer.sign();
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, body: await response.json().catch(() => null) };
  };

  // A key in an answer stays out of messages: of an answer that is no refusal only the status is said.
  const refuse = (operation: Operation, why: string, cause?: unknown): AppError =>
    new AppError("invalid_settings", `AWS KMS ${operation} with ${name}: ${why}`, { cause });

  const call = async <T>(operation: Operation, input: object, shape: z.ZodType<T>): Promise<T> => {
    const body = JSON.stringify({ KeyId: keyId, ...input });
    for (let attempt = 1; ; attempt++) {
      const answer = await send(operation, body).catch((error) => {
        if (error instanceof AppError) throw error;
        return error as Error;
      });
      const refusal = answer instanceof Error ? undefined : Refusal.safeParse(answer.body).data;
      const kind = refusal?.__type.split("#").at(-1) ?? "";
      const isPassing = answer instanceof Error || answer.status >= 500 || PASSING.has(kind);
      if (isPassing && attempt < ATTEMPTS) {
        await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
        continue;
      }
      if (answer instanceof Error) throw refuse(operation, `no answer after ${ATTEMPTS} attempts.`, answer);
      const found = answer.status === 200 ? shape.safeParse(answer.body) : undefined;
      if (found?.success) return found.data;
      const message = (refusal?.message ?? refusal?.Message)?.replace(/\.$/, "");
      const says = [kind, message, ADVICE[kind]].filter(Boolean).join(". ");
      const otherwise =
        answer.status === 200 ? `status 200, but with no key of ${KEY_BYTES} bytes.` : `status ${answer.status}.`;
      throw refuse(operation, says === "" ? otherwise : says);
    }
  };

  return {
    name,
    make: async (context) => {
      const made = await call("GenerateDataKey", { KeySpec: "AES_256", EncryptionContext: context }, Made);
      const { Plaintext, CiphertextBlob, KeyId: wrappedBy } = made;
      const wrapped = Buffer.from(CiphertextBlob, "base64");
      return { secret: Buffer.from(Plaintext, "base64"), wrapped, wrappedBy };
    },
    open: async ({ wrapped }, context) => {
      const input = { CiphertextBlob: wrapped.toString("base64"), EncryptionContext: context };
      return Buffer.from((await call("Decrypt", input, Opened)).Plaintext, "base64");
    },
  };
};
