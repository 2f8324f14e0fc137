// Whether a webhook comes from whom it says: which scheme counts, with which secrets.
import { createHash } from "node:crypto";
import { type Refusal, refuse } from "./refusal.ts";
import type { Scheme, Secret, WebhookRule } from "./rule.ts";
import { checkHmac } from "./schemes/hmac.ts";
import type { JudgeDeps, Part, WebhookRequest, WebhookSecrets } from "./types.ts";

type Verdict = { isVerified: boolean } | Refusal;

/** The key of a GitHub app's webhooks follows from what is known of the app. */
const appKey = ({ id, privateKey, link }: NonNullable<WebhookSecrets["app"]>): string =>
  createHash("sha256").update(`${id}${privateKey}${link}`).digest("hex");

const fromMetadata = async (field: string, parts: () => Part[], deps: JudgeDeps): Promise<string[]> => {
  const found = parts().map(({ lookups }) => deps.connectionSecrets?.(lookups, field) ?? []);
  return (await Promise.all(found)).flat();
};

const secretsOf = async (from: Secret[], parts: () => Part[], deps: JudgeDeps): Promise<string[]> => {
  const found: (string | undefined)[] = [];
  for (const name of from) {
    if (name === "app") found.push(deps.secrets.app && appKey(deps.secrets.app));
    else if (name === "webhookSecret" || name === "clientSecret") found.push(deps.secrets[name]);
    else found.push(...(await fromMetadata(name.slice("metadata.".length), parts, deps)));
  }
  return found.filter((secret) => secret !== undefined && secret !== "") as string[];
};

const counts = ({ header, when }: Scheme, { headers }: WebhookRequest): boolean =>
  headers[header] !== undefined &&
  Object.entries(when).every(([name, value]) => headers[name]?.toLowerCase() === value.toLowerCase());

const SAYS: Record<string, string> = {
  webhookSecret: "the integration's webhook secret",
  clientSecret: "the integration's client secret",
  app: "the app of the integration",
};

const missingSecret = (secrets: Secret[]): Refusal =>
  refuse(
    "secret_not_configured",
    `This provider's webhooks must be verified: set ${secrets.map((name) => SAYS[name] ?? `the connection's ${name}`).join(" or ")}.`,
  );

/** Whether the signature holds. `parts` are asked for where a secret stands in the metadata of connections. */
export const verify = async (
  { verification }: WebhookRule,
  request: WebhookRequest,
  parts: () => Part[],
  deps: JudgeDeps,
): Promise<Verdict> => {
  if (verification === undefined) return { isVerified: false };
  const { schemes, required } = verification;
  const secrets = await secretsOf(verification.secrets, parts, deps);
  if (secrets.length === 0) return required ? missingSecret(verification.secrets) : { isVerified: false };
  const scheme = schemes.find((one) => counts(one, request));
  if (scheme === undefined) {
    return refuse("missing_signature", `It has no ${schemes.map(({ header }) => header).join(" or ")}.`);
  }
  return checkHmac(scheme, request, secrets, deps.now) ?? { isVerified: true };
};
