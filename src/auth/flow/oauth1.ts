// OAuth 1.0a (RFC 5849): a request token, the user's consent to it, and the token it is exchanged for. It knows no state: ours
// stands in the callback's URL, and what comes back must be about the request token that this flow had.
import { randomBytes } from "node:crypto";
import { AppError } from "../../errors.ts";
import { type OAuth1Keys, oauth1Header, oauth1Method } from "../../outbound/oauth1.ts";
import type { Provider } from "../../providers/schema.ts";
import { fieldsOf, refusedBy } from "../kinds/answer.ts";
import { clientOf } from "../kinds/client.ts";
import { refusal } from "../kinds/refusal.ts";
import { fillAddress } from "./address.ts";
import type { Asked, FlowContext, FlowKind } from "./flow.ts";
import { scopesOf } from "./oauth2.ts";

const mustBe = <T>(value: T | undefined, says: string): T => {
  if (value === undefined) throw new AppError("invalid_integration", says);
  return value;
};

const addressOf = (template: Provider["token_url"], config: Asked["config"]): URL =>
  fillAddress(mustBe(typeof template === "string" ? template : undefined, "The entry lacks an address."), config);

/** A signed POST for a token; `form` is the body. The answer's fields, of which the token and its secret are sure. */
const askToken = async (
  context: FlowContext,
  url: URL,
  { form = "", ...given }: Pick<OAuth1Keys, "token" | "tokenSecret" | "more"> & { form?: string },
) => {
  const { provider, client, fetch, now } = context;
  const { client_id = "", client_secret = "" } = clientOf(client) ?? {};
  if (client_id === "")
    throw new AppError("invalid_integration", `The integration has no client for ${provider.display_name} yet.`);
  const name = provider.signature_method ?? "HMAC-SHA1";
  const method = mustBe(oauth1Method(name), `Requests cannot be signed with ${name}.`);
  const keys = { client: { client_id, client_secret }, method, ...given };
  const once = { nonce: randomBytes(16).toString("hex"), timestamp: Math.floor(now() / 1000) };
  const type = "application/x-www-form-urlencoded";
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: oauth1Header({ method: "POST", url, form }, keys, once),
      ...(form !== "" && { "content-type": type }),
    },
    ...(form !== "" && { body: form }),
  });
  const answer = { status: response.status, text: await response.text() };
  const secrets = [client_secret, given.tokenSecret, given.token ?? ""].filter((text) => text !== "");
  const refused = refusedBy(answer as Parameters<typeof refusedBy>[0]);
  if (refused !== undefined) throw refusal(context, refused, secrets);
  const fields = fieldsOf(answer);
  const { oauth_token: token, oauth_token_secret: secret } = fields;
  if (typeof token === "string" && token !== "" && typeof secret === "string") return { fields, token, secret };
  throw refusal(context, { status: answer.status, description: "its answer has no token" }, secrets);
};

export const oauth1: FlowKind = {
  name: "oauth1",
  begin: async (context, { state, config, authorizationParams }) => {
    const { provider, client, redirectUri } = context;
    const callback = `${redirectUri}?state=${encodeURIComponent(state)}`;
    const form = new URLSearchParams(provider.request_params as Record<string, string>).toString();
    const requestToken = await askToken(context, addressOf(provider.request_url, config), {
      tokenSecret: "",
      more: { oauth_callback: callback },
      form,
    });
    const url = addressOf(provider.authorization_url, config);
    const scope = scopesOf(provider, client, config);
    const params = { ...(scope !== "" && { scope }), ...provider.authorization_params, ...authorizationParams };
    for (const [name, value] of Object.entries(params))
      if (value !== null && !/^\s*oauth_/i.test(name)) url.searchParams.set(name, String(value));
    url.searchParams.set("oauth_token", requestToken.token);
    const { token, secret } = requestToken;
    return { url: url.href, keep: { requestToken: { token, secret } } };
  },
  finish: async (context, { config, requestToken }, query) => {
    const { oauth_token: about, oauth_verifier: verifier, denied } = query;
    if (denied !== undefined || verifier === undefined)
      throw new AppError("authorization_failed", `${context.provider.display_name} was not allowed to let us in.`, {
        payload: { type: "access_denied" },
      });
    if (requestToken === undefined || about !== requestToken.token)
      throw new AppError("invalid_oauth_flow", "The answer is about another request token.");
    const made = await askToken(context, addressOf(context.provider.token_url, config), {
      token: requestToken.token,
      tokenSecret: requestToken.secret,
      more: { oauth_verifier: verifier },
    });
    const credentials = {
      type: "OAUTH1" as const,
      oauth_token: made.token,
      oauth_token_secret: made.secret,
      raw: made.fields,
    };
    return { isPending: false, credentials, config };
  },
};
