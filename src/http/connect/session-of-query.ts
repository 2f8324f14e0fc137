// What the published frontend writes into the query of the requests that make a connection: whose session it is, and what the
// connection is to be made with. A browser's popup is opened by its URL, so the token cannot stand in a header.
import type { Request } from "express";
import { z } from "zod";
import { AppError } from "../../errors.ts";

const MOST_PARAMETERS = 100;

const text = z.string().max(8192);

const texts = z
  .record(z.string().max(255), text)
  .refine((given) => Object.keys(given).length <= MOST_PARAMETERS, `at most ${MOST_PARAMETERS} parameters`);

const split = (list: string): string[] =>
  list
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

// An undefined value becomes this text in the frontend's URL.
const withoutUndefined = (given: Record<string, string>): Record<string, string | null> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === "undefined" ? null : value]));

const own = {
  connect_session_token: text.meta({ description: "The token of the connect session." }),
  connection_id: z
    .string()
    .refine(() => false, "cannot be chosen within a session: the connection gets an id")
    .optional()
    .meta({ description: "Not taken: the session says which connection is made." }),
  public_key: text.optional().meta({ description: "Passed over beside a token; alone it is refused." }),
  hmac: text.optional().meta({ description: "Passed over: the session's token says it all." }),
  params: texts.default({}).meta({ description: "Goes into the connection's config: params[subdomain]=acme." }),
};

const ofPopup = {
  user_scope: text.transform(split).optional().meta({ description: "Scopes asked of the user, with commas." }),
  authorization_params: texts
    .transform(withoutUndefined)
    .default({})
    .meta({ description: "Laid over those of the provider's entry; one without a value takes one away." }),
  credentials: z
    .strictObject({
      oauth_client_id_override: text.optional(),
      oauth_client_secret_override: text.optional(),
      oauth_refresh_token_override: text.optional(),
    })
    .optional()
    .meta({ description: "A client of this connection's own." }),
  ws_client_id: z.string().max(255).optional().meta({ description: "Who is told over the websocket." }),
};

/** The query of requests that bring credentials in their body. Those for popups are taken and passed over. */
export const ConnectQuery = z.strictObject({ ...own, ...ofPopup });

export type ConnectQuery = z.output<typeof ConnectQuery>;

/** The text of the session's token; throws the 401 that says what is there instead. */
export const tokenOfQuery = ({ query }: Request): string => {
  const { connect_session_token: token, public_key: publicKey } = query;
  if (typeof token === "string" && token !== "") return token;
  if (publicKey !== undefined) throw new AppError("deprecated_authentication");
  throw new AppError("missing_connect_session_token");
};
