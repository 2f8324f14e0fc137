// Whether the provider takes the credentials that an app brings: asked before anything is written down.
import { Readable } from "node:stream";
import type { Integration } from "../db/integrations.ts";
import { openTarget } from "../db/targets.ts";
import { AppError } from "../errors.ts";
import { createStreamedBody } from "../outbound/streamed-body.ts";
import type { ProxyTarget } from "../outbound/types.ts";
import type { Credentials } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";
import { fillTemplate } from "../providers/template.ts";
import type { AuthDeps } from "./auth.ts";
import { openClient } from "./target.ts";

const LONGEST_TEST_MS = 20_000;
// The other kinds are tested when their token is obtained.
const TESTED = new Set(["API_KEY", "BASIC", "TBA"]);

type Verification = NonNullable<NonNullable<Provider["proxy"]>["verification"]>;

export type Tested = {
  environment: number;
  integration: Integration;
  connection: string;
  provider: Provider;
  credentials: Credentials;
  /** Null for that which the connection has already. */
  connectionConfig: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
};

const targetOf = async ({ pool, keys }: AuthDeps, tested: Tested): Promise<ProxyTarget> => {
  const { environment, integration, connection, provider, credentials } = tested;
  const isWhole = tested.connectionConfig !== null && tested.metadata !== null;
  const names = { environment, integration: integration.unique_key, connection };
  const known = isWhole ? null : await openTarget(pool, names);
  const client = credentials.type === "TBA" ? await openClient(keys, environment, integration) : undefined;
  return {
    provider,
    credentials,
    ...(client && { client }),
    connectionConfig: tested.connectionConfig ?? known?.connection_config ?? {},
    metadata: tested.metadata ?? known?.metadata ?? {},
  };
};

const filled = (texts: Record<string, string>, target: ProxyTarget): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fillTemplate(text, target).text]));

const requestOf = (
  { method, headers = {}, data, base_url_override }: Verification,
  endpoint: string,
  to: ProxyTarget,
) => {
  const [path = "", query] = fillTemplate(endpoint, to)
    .text.replace(/^\/+/, "")
    .split(/\?(.*)/s);
  const json = data === undefined ? undefined : Buffer.from(JSON.stringify(data));
  return {
    method,
    path,
    query: query === undefined ? "" : `?${query}`,
    headers: filled(headers, to),
    bodyHeaders: (json === undefined ? {} : { "content-type": "application/json" }) as Record<string, string>,
    body: json === undefined ? null : createStreamedBody(Readable.from([json]), json.length),
    ...(base_url_override !== undefined && { baseUrlOverride: base_url_override }),
  };
};

/** True when the provider's entry says how to ask about credentials of this kind. */
export const isTestable = (provider: Provider, { type }: Credentials): boolean =>
  provider.proxy?.verification !== undefined && TESTED.has(type);

/** Resolves when the provider takes the credentials, or its entry does not say how to ask; else `connection_test_failed`. */
export const testCredentials = async (deps: AuthDeps, tested: Tested): Promise<void> => {
  const { provider, credentials } = tested;
  const verification = provider.proxy?.verification;
  if (verification === undefined || !isTestable(provider, credentials)) return;
  const target = await targetOf(deps, tested);
  const signal = AbortSignal.timeout(LONGEST_TEST_MS);
  const ask = async (endpoint: string): Promise<string | null> => {
    try {
      const request = requestOf(verification, endpoint, target);
      const { status, body } = await deps.forward(request, async () => target, { signal });
      body.destroy();
      return status < 300 ? null : `${provider.display_name} answered ${status} when the credentials were tested.`;
    } catch (error) {
      return `The credentials could not be tested: ${(error as Error).message}`;
    }
  };
  let refusal = "";
  for (const endpoint of verification.endpoints) {
    const answer = await ask(endpoint);
    if (answer === null) return;
    refusal = answer;
  }
  throw new AppError("connection_test_failed", refusal);
};
