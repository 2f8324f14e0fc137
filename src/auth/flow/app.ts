// An app that is installed at a provider, as GitHub has them. What comes back names an installation, which anybody can guess:
// it is connected only when it was installed or changed on this very way (asked with the app's own token), when it is the one
// that the renewed connection has already, or when the user who came back is seen to have access to it.
import { AppError } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import { renewApp, signAppToken } from "../kinds/app.ts";
import type { ObtainContext } from "../obtain.ts";
import { fillAddress } from "./address.ts";
import type { CallbackQuery, FlowContext, FlowKind, FlowSecrets } from "./flow.ts";
import { exchange } from "./oauth2.ts";

type App = Extract<Credentials, { type: "APP" }>;
type Config = FlowSecrets["config"];

const INSTALLATION = /^[\w-]{1,64}$/;
const SKEW_MS = 60_000;

const obtainContext = (context: FlowContext, connectionConfig: Config, credentials: App): ObtainContext => ({
  ...context,
  credentials,
  connectionConfig,
  metadata: {},
});

const notShown = (): AppError =>
  new AppError("invalid_oauth_flow", "The installation was not made on this way, so it may be somebody else's.");

const ask = async ({ fetch, provider }: FlowContext, url: URL, token: string): Promise<Record<string, unknown>> => {
  const headers = { ...provider.proxy?.headers, authorization: `Bearer ${token}` };
  const response = await fetch(url, { headers });
  const text = await response.text();
  if (!response.ok) throw notShown();
  return JSON.parse(text) as Record<string, unknown>;
};

const tokenUrlOf = ({ provider: { token_url } }: FlowContext, config: Config): URL =>
  fillAddress((typeof token_url === "string" ? token_url : token_url?.APP) ?? "", config);

/** Throws unless the installation was made or changed since the end user left. */
const checkIsOfThisWay = async (context: FlowContext, config: Config, app: App): Promise<void> => {
  const url = tokenUrlOf(context, config);
  url.pathname = url.pathname.replace(/\/access_tokens$/, "");
  const token = await signAppToken(obtainContext(context, config, app), app);
  const { created_at, updated_at } = await ask(context, url, token);
  const last = Math.max(...[created_at, updated_at].map((time) => Date.parse(String(time)) || 0));
  if (last < Date.parse(context.requestedAt ?? "") - SKEW_MS) throw notShown();
};

/** Throws unless the user sees the installation. */
const checkIsOfUser = async (context: FlowContext, config: Config, id: string, token: string): Promise<void> => {
  const base = fillAddress(context.provider.proxy?.base_url ?? "", config);
  await ask(context, new URL(`/user/installations/${id}/repositories?per_page=1`, base), token);
};

const installationIn = ({ installation_id: id }: CallbackQuery): string => {
  if (id !== undefined && INSTALLATION.test(id)) return id;
  throw new AppError("authorization_failed", "The provider named no installation of the app.");
};

const appLinkOf = ({ client, provider }: FlowContext): string => {
  if (typeof client.app_link === "string" && client.app_link !== "") return client.app_link.replace(/\/$/, "");
  throw new AppError("invalid_integration", `The integration has no link to its app at ${provider.display_name}.`);
};

export const app: FlowKind = {
  name: "app",
  begin: async (context, { state, config }) => {
    const url = new URL(`${appLinkOf(context)}/installations/new`);
    url.searchParams.set("state", state);
    return { url: url.href, keep: { config: { ...config, appPublicLink: appLinkOf(context) } } };
  },
  finish: async (context, secrets, query) => {
    const { provider, client } = context;
    if (query.setup_action === "request") return { isPending: true };
    const installation_id = installationIn(query);
    const config = { ...secrets.config, installation_id };
    const { app_id } = client;
    const named: App = { type: "APP", ...(app_id && { app_id: String(app_id) }), installation_id };
    if (provider.auth_mode === "CUSTOM") {
      const { credentials: user } = await exchange(context, { ...secrets, config }, query);
      if (user.type !== "OAUTH2") throw new AppError("authorization_failed");
      await checkIsOfUser(context, config, installation_id, user.access_token);
      const installed = await renewApp(obtainContext(context, config, named), named);
      return { isPending: false, credentials: { type: "CUSTOM", app: installed, user }, config };
    }
    if (secrets.config.installation_id !== installation_id) await checkIsOfThisWay(context, config, named);
    const credentials = await renewApp(obtainContext(context, config, named), named);
    return { isPending: false, credentials, config };
  },
};
