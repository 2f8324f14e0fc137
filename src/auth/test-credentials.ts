// Whether the provider takes the credentials that an app brings: asked before anything is written down.
import { AppError } from "../errors.ts";
import type { ProxyTarget } from "../outbound/types.ts";
import type { Credentials } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";
import type { AuthDeps } from "./auth.ts";
import { wordedRequest } from "./provider-request.ts";
import { openClient } from "./target.ts";
import { surroundings, type Unwritten } from "./unwritten.ts";

const LONGEST_TEST_MS = 20_000;
// The other kinds are tested when their token is obtained.
const TESTED = new Set(["API_KEY", "BASIC", "TBA"]);

/** What a request for a connection needs that may not be written down yet. */
export const targetOf = async (deps: AuthDeps, unwritten: Unwritten): Promise<ProxyTarget> => {
  const { environment, integration, provider, credentials } = unwritten;
  const client = credentials.type === "TBA" ? await openClient(deps.keys, environment, integration) : undefined;
  return { provider, credentials, ...(client && { client }), ...(await surroundings(deps, unwritten)) };
};

/** True when the provider's entry says how to ask about credentials of this kind. */
export const isTestable = (provider: Provider, { type }: Credentials): boolean =>
  provider.proxy?.verification !== undefined && TESTED.has(type);

/** Resolves when the provider takes the credentials, or its entry does not say how to ask; else `connection_test_failed`. */
export const testCredentials = async (deps: AuthDeps, unwritten: Unwritten): Promise<void> => {
  const { provider, credentials } = unwritten;
  const verification = provider.proxy?.verification;
  if (verification === undefined || !isTestable(provider, credentials)) return;
  const target = await targetOf(deps, unwritten);
  const signal = AbortSignal.timeout(LONGEST_TEST_MS);
  const ask = async (endpoint: string): Promise<string | null> => {
    try {
      const { base_url_override: baseUrl, ...rest } = verification;
      const request = wordedRequest({ ...rest, endpoint, baseUrl }, target);
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
