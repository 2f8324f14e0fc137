// BILL: a session at bill.com, which ends after 35 minutes in which nothing was asked (developer.bill.com, "API login").
import { AppError } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import type { Obtain } from "../obtain.ts";
import { fieldsOf, refusedBy, timeIn } from "./answer.ts";
import { ask } from "./ask.ts";
import { refusal } from "./refusal.ts";

const LIFE_MS = 35 * 60_000;

export const logIn: Obtain = async (context) => {
  const credentials = context.credentials as Extract<Credentials, { type: "BILL" }>;
  const { username, password, organization_id: organizationId, dev_key: devKey } = credentials;
  const { token_url: url, display_name } = context.provider;
  if (typeof url !== "string")
    throw new AppError("invalid_credentials", `The entry of ${display_name} does not say where to log in.`);
  const params = { username, password, organizationId, devKey };
  const answer = await ask(context, { url, params, format: "json" });
  const refused = refusedBy(answer);
  if (refused !== undefined) throw refusal(context, refused);
  const raw = fieldsOf(answer);
  const { sessionId: session_id, userId: user_id } = raw;
  if (typeof session_id !== "string" || session_id === "")
    throw refusal(context, { status: answer.status, description: "its answer has no session" });
  const expires_at = timeIn(LIFE_MS, context.now(), 1);
  return {
    credentials: {
      ...credentials,
      session_id,
      ...(typeof user_id === "string" && { user_id }),
      ...(expires_at && { expires_at }),
      raw,
    },
  };
};
