// AWS Signature Version 4: the headers that sign a request with the access keys of a role.
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { AppError } from "../errors.ts";
import type { Credentials } from "../providers/credentials.ts";
import type { Signable } from "./sign.ts";

type AwsCredentials = Extract<Credentials, { type: "AWS_SIGV4" }>;

// Rewritten on the way by proxies, or added by the client after signing.
const NOT_SIGNED = new Set(["accept-encoding", "content-length", "user-agent", "x-amzn-trace-id"]);
const PAYLOAD_HASH = "x-amz-content-sha256";

const isS3 = (service: string | undefined, { hostname }: URL): boolean =>
  service === "s3" || (service === undefined && /(^|\.)s3[.-]([a-z0-9-]+\.)*amazonaws\.com(\.cn)?$/.test(hostname));

type Whole = string | Uint8Array<ArrayBuffer>;

const wholeOf = (body: unknown): Whole | undefined => {
  if (body === null) return "";
  return typeof body === "string" || body instanceof Uint8Array ? (body as Whole) : undefined;
};

const hashOf = (body: Whole): string => createHash("sha256").update(body).digest("hex");

/** True when the service takes a body that was not looked at: S3 alone, which wants to be told so. */
export const takesUnsignedBody = ({ service }: AwsCredentials, url: URL): boolean => isS3(service, url);

/** All headers of the request, signed; `now` is in epoch milliseconds. */
export const awsHeaders = async (
  { method, url, headers, body }: Signable,
  { access_key_id, secret_access_key, session_token, region, service }: AwsCredentials,
  now: number,
): Promise<Record<string, string>> => {
  const whole = wholeOf(body);
  const isStorage = isS3(service, url);
  if (whole === undefined && !isStorage)
    throw new AppError("server_error", "A body has to be read before it is signed.");
  const hash = isStorage ? { [PAYLOAD_HASH]: whole === undefined ? "UNSIGNED-PAYLOAD" : hashOf(whole) } : {};
  const signedOnes = Object.entries(headers).filter(([name]) => !NOT_SIGNED.has(name));
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers: { ...Object.fromEntries(signedOnes), ...hash },
    ...(whole !== undefined && { body: whole }),
    accessKeyId: access_key_id ?? "",
    secretAccessKey: secret_access_key ?? "",
    ...(session_token !== undefined && { sessionToken: session_token }),
    ...(service !== undefined && { service }),
    ...(region !== undefined && { region }),
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    allHeaders: true,
  });
  const { headers: signed } = await signer.sign();
  return { ...headers, ...Object.fromEntries(signed) };
};
