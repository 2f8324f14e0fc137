// Whether a webhook comes from whom it says: which scheme counts, with which secrets.
import { createHash } from "node:crypto";
import { type Refusal, refuse } from "./refusal.ts";
import type { WebhookRule } from "./rule.ts";
import { checkFetchedKey } from "./schemes/fetched-key.ts";
import { checkHash } from "./schemes/hash.ts";
import { checkJwt, hasBearer } from "./schemes/jwt.ts";
import { checkPublicKey } from "./schemes/public-key.ts";
import { checkStandard } from "./schemes/standard.ts";
import { checkToken, hasToken } from "./schemes/token.ts";
import type { Checked } from "./schemes/types.ts";
import type { JudgeDeps, Part, WebhookSecrets } from "./types.ts";
import type { Scheme, Secret } from "./verification.ts";

type Verdict = { isVerified: boolean } | Refusal;

/** The key of a GitHub app's webhooks follows from what is known of the app. */
const appKey = ({ id, privateKey, link }: NonNullable<WebhookSecrets["app"]>): string =>
  createHash("sha256").update(`${id}${privateKey}${link}`).digest("hex");

const fromMetadata = async (field: string, parts: () => Part[], deps: JudgeDeps): Promise<string[]> => {
  const found = parts().map(({ lookups }) => (lookups.length > 0 && deps.connectionSecrets?.(lookups, field)) || []);
  return (await Promise.all(found)).flat();
};

type Secrets = { found: string[]; isConfigured: boolean };

/** What of the named secrets is set. The key of an app is there before anybody asks for signatures: it configures nothing. */
const secretsOf = async (from: Secret[], parts: () => Part[], deps: JudgeDeps): Promise<Secrets> => {
  const found: (string | undefined)[] = [];
  for (const name of from) {
    if (name === "webhookSecret" || name === "clientSecret") found.push(deps.secrets[name]);
    else if (name !== "app") found.push(...(await fromMetadata(name.slice("metadata.".length), parts, deps)));
  }
  const set = found.filter((secret): secret is string => secret !== undefined && secret !== "");
  const app = from.includes("app") && deps.secrets.app ? [appKey(deps.secrets.app)] : [];
  return { found: [...set, ...app], isConfigured: set.length > 0 };
};

const isThere = (scheme: Scheme, checked: Checked): boolean => {
  const { headers } = checked.request;
  switch (scheme.scheme) {
    case "token":
      return hasToken(scheme, checked.material());
    case "jwt":
      return hasBearer(checked);
    case "standard":
      return headers[`${scheme.names}-signature`] !== undefined;
    case "public-key":
      return Object.values(scheme.headers).some((name) => headers[name] !== undefined);
    case "fetched-key":
      return headers[scheme.header] !== undefined;
    default: {
      const isMeant = Object.entries(scheme.when).every(([name, value]) => headers[name]?.toLowerCase() === value);
      return isMeant && headers[scheme.header] !== undefined;
    }
  }
};

const check = (scheme: Scheme, checked: Checked): ReturnType<typeof checkJwt> => {
  switch (scheme.scheme) {
    case "token":
      return checkToken(scheme, checked);
    case "jwt":
      return checkJwt(scheme, checked);
    case "standard":
      return checkStandard(scheme, checked);
    case "public-key":
      return checkPublicKey(scheme, checked);
    case "fetched-key":
      return checkFetchedKey(scheme, checked);
    default:
      return checkHash(scheme, checked);
  }
};

const SAYS: Record<string, string> = {
  webhookSecret: "the integration's webhook secret",
  clientSecret: "the integration's client secret",
  app: "the integration's app id, private key and link",
};

const unconfigured = (secrets: Secret[]): Refusal => {
  const names = secrets.map((name) => SAYS[name] ?? `${name} of the connection`);
  return refuse("secret_not_configured", `This provider's webhooks must be verified: set ${names.join(" or ")}.`);
};

/** Schemes whose keys are fetched hold without a secret of ours. */
const holdsAlone = ({ scheme }: Scheme): boolean => scheme === "jwt" || scheme === "fetched-key";

/** Whether the signature holds. `parts` are asked for where a secret stands in the metadata of connections. */
export const verify = async (
  { verification }: WebhookRule,
  request: Checked["request"],
  { parts, material }: { parts: () => Part[]; material: Checked["material"] },
  deps: JudgeDeps,
): Promise<Verdict> => {
  if (verification === undefined) return { isVerified: false };
  const { schemes, required, secrets: names } = verification;
  const { found, isConfigured } = await secretsOf(names, parts, deps);
  if (found.length === 0 && !schemes.every(holdsAlone)) return required ? unconfigured(names) : { isVerified: false };
  const checked: Checked = { request, secrets: found, now: deps.now, material, fetchKeys: deps.fetchKeys };
  const scheme = schemes.find((one) => isThere(one, checked));
  if (scheme === undefined && !required && !isConfigured) return { isVerified: false };
  if (scheme === undefined)
    return refuse("missing_signature", "It is not signed in any way that is known of this provider.");
  return (await check(scheme, checked)) ?? { isVerified: true };
};
