// APP: an app that is installed at a provider, as GitHub has them. The app signs a JWT that is good for ten minutes at most;
// with it the token of an installation is had, which is good for an hour.
import { SignJWT } from "jose";
import { AppError } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import type { Obtain, ObtainContext, Obtained } from "../obtain.ts";
import { fieldsOf, refusedBy, tokenIn } from "./answer.ts";
import { ask } from "./ask.ts";
import { fillUrl, templateContext } from "./fill.ts";
import { readPrivateKey } from "./private-key.ts";
import { refusal } from "./refusal.ts";

type App = Extract<Credentials, { type: "APP" }>;

// GitHub refuses a JWT from the future, and its clock may be behind.
const BACKDATED_SECONDS = 60;
const LIFE_SECONDS = 600;

const missing = ({ provider }: ObtainContext, what: string): AppError =>
  new AppError("invalid_credentials", `The integration of ${provider.display_name} has no ${what}.`);

/** The app's own token, with which it may ask for those of its installations. */
export const signAppToken = async (context: ObtainContext, app: App): Promise<string> => {
  const { app_id = app.app_id, private_key } = context.client;
  if (app_id === undefined || app_id === null || app_id === "") throw missing(context, "app_id");
  if (typeof private_key !== "string") throw missing(context, "private key");
  const issued = Math.floor(context.now() / 1000) - BACKDATED_SECONDS;
  return await new SignJWT()
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuedAt(issued)
    .setExpirationTime(issued + LIFE_SECONDS)
    .setIssuer(String(app_id))
    .sign(readPrivateKey(private_key).key);
};

const endpointOf = (context: ObtainContext, { installation_id }: App): string => {
  const { token_url, display_name } = context.provider;
  const template = typeof token_url === "string" ? token_url : token_url?.APP;
  if (template === undefined)
    throw new AppError("invalid_credentials", `The entry of ${display_name} names no token endpoint.`);
  const connectionConfig = { ...(installation_id && { installation_id }), ...context.connectionConfig };
  return fillUrl(template, templateContext({ ...context, connectionConfig }));
};

/** The app with a new token of its installation, and the app's own token that it was had with. */
export const renewApp = async (context: ObtainContext, app: App): Promise<App> => {
  const jwtToken = await signAppToken(context, app);
  const answer = await ask(context, {
    url: endpointOf(context, app),
    headers: { authorization: `Bearer ${jwtToken}`, accept: "application/vnd.github+json" },
    params: {},
  });
  const refused = refusedBy(answer);
  if (refused !== undefined) throw refusal(context, refused, [jwtToken]);
  const raw = fieldsOf(answer);
  const token = tokenIn(context.provider, raw, context.now());
  if (token === undefined)
    throw refusal(context, { status: answer.status, description: "its answer has no token" }, [jwtToken]);
  const { access_token, expires_at } = token;
  const { expires_at: _old, ...kept } = app;
  return { ...kept, access_token, ...(expires_at && { expires_at }), raw, jwtToken };
};

export const obtainInstallationToken: Obtain = async (context): Promise<Obtained> => ({
  credentials: await renewApp(context, context.credentials as App),
});
