// Bindings of sql/62_oauth_flow.sql: end users on their way to a provider and back.
import { z } from "zod";
import { fn, maybeRow, nothing, rows, value } from "./fn.ts";

const bytes = z.instanceof(Buffer);

const Taken = z.object({
  id: z.number(),
  environment_id: z.number(),
  unique_key: z.string(),
  kind: z.enum(["oauth2", "oauth1", "app", "mcp"]),
  redirect_uri: z.string(),
  secrets_sealed: bytes,
  requested_at: z.string(),
  session_token_hash: bytes,
});

const Result = z.object({
  id: z.number(),
  ws_client_hash: bytes,
  unique_key: z.string(),
  connection_name: z.string().nullable(),
  is_pending: z.boolean(),
  error_type: z.string().nullable(),
  error_desc: z.string().nullable(),
});

/** A flow whose end user came back; its secrets are sealed with the environment's key for `oauthFlowPlace`. */
export type TakenFlow = z.infer<typeof Taken>;

/** How a flow ended: the name of its connection, or what failed. */
export type FlowResult = z.infer<typeof Result>;

export const beginOAuthFlow = fn(
  "begin_oauth_flow",
  {
    environment: "int",
    integration: "int",
    session: "int",
    kind: "text",
    stateHash: "bytea",
    browserHash: "bytea",
    wsClientHash: "bytea",
    redirectUri: "text",
    secretsSealed: "bytea",
  },
  value(z.string()),
);
export const takeOAuthFlow = fn("take_oauth_flow", { stateHash: "bytea", browserHash: "bytea" }, maybeRow(Taken));
export const finishOAuthFlow = fn(
  "finish_oauth_flow",
  { id: "int", connection: "text", isPending: "boolean", errorType: "text", errorDesc: "text" },
  nothing(),
);
export const tellOAuthClient = fn(
  "tell_oauth_client",
  { wsClientHash: "bytea", errorType: "text", errorDesc: "text" },
  nothing(),
);
export const findFlowResults = fn("find_flow_results", { wsClientHashes: "bytea[]" }, rows(Result));
