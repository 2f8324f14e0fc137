// CUSTOM: an installed app, and the user who installed it. Requests carry the app's token.
import type { Credentials } from "../../providers/credentials.ts";
import type { Obtain, ObtainContext } from "../obtain.ts";
import { renewApp } from "./app.ts";
import { refreshOAuth2 } from "./oauth2.ts";

type User = Extract<Credentials, { type: "CUSTOM" }>["user"];

// The app's token is asked for every 45 min, so the user's is due when it would not live until the next time but one.
const USER_MARGIN_MS = 75 * 60_000;

const isDue = (user: NonNullable<User>, now: number): boolean =>
  user.refresh_token !== undefined &&
  user.expires_at !== undefined &&
  Date.parse(user.expires_at) - now < USER_MARGIN_MS;

const renewUser = async (context: ObtainContext, user: User): Promise<User> => {
  if (user === null || !isDue(user, context.now())) return user;
  const { credentials } = await refreshOAuth2({ ...context, credentials: user });
  return credentials as NonNullable<User>;
};

/** The app first: a refresh token that was replaced must not be lost because the app is refused afterwards. */
export const obtainAppAndUser: Obtain = async (context) => {
  const credentials = context.credentials as Extract<Credentials, { type: "CUSTOM" }>;
  const app = await renewApp(context, credentials.app);
  const user = await renewUser(context, credentials.user);
  return { credentials: { ...credentials, app, user } };
};
