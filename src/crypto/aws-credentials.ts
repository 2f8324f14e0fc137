// AWS credentials of this process, where AWS's own tools look for them: variables, else the container's endpoint (ECS tasks,
// EKS Pod Identity). Asked for at each use, which is once a start: nothing is remembered that expires.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../errors.ts";

const CONTAINER_HOST = "http://169.254.170.2"; // of ECS, for AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
const TIMEOUT_MS = 5_000;

export type AwsCredentialSettings = {
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
  sessionToken: string | undefined;
  containerPath: string | undefined;
  containerUrl: string | undefined;
  containerToken: string | undefined;
  containerTokenFile: string | undefined;
};

export type AwsCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

const Answer = z.object({ AccessKeyId: z.string(), SecretAccessKey: z.string(), Token: z.string() });

const fromContainer = async (url: string, s: AwsCredentialSettings): Promise<AwsCredentials> => {
  const { containerToken: given, containerTokenFile: file } = s;
  const token = file === undefined ? given : (await readFile(file, "utf8")).trim();
  const refuse = (why: string, cause?: unknown): AppError =>
    new AppError("invalid_settings", `The container's endpoint for AWS credentials ${why}.`, { cause });
  const response = await fetch(url, {
    headers: token === undefined ? {} : { authorization: token },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error) => {
    throw refuse("does not answer", error);
  });
  if (!response.ok) throw refuse(`answers with status ${response.status}`);
  const found = Answer.safeParse(await response.json().catch(() => null));
  if (!found.success) throw refuse("answers with something else");
  const { AccessKeyId, SecretAccessKey, Token } = found.data;
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
};

/** The credentials. Throws `invalid_settings` when there are none. */
export const findAwsCredentials = async (s: AwsCredentialSettings): Promise<AwsCredentials> => {
  const { accessKeyId, secretAccessKey, sessionToken } = s;
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  const url = s.containerPath === undefined ? s.containerUrl : `${CONTAINER_HOST}${s.containerPath}`;
  if (url !== undefined) return await fromContainer(url, s);
  const says = "AWS KMS needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a container's";
  throw new AppError("invalid_settings", `${says} (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI).`);
};
