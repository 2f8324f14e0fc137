// The doors of connecting through a browser: all are open, and answer with pages.
import { z } from "zod";
import type { FindSession } from "../access/auth.ts";
import { ConnectQuery } from "../connect/session-of-query.ts";
import type { HttpDeps } from "../deps.ts";
import { type Answer, type Endpoint, endpoint } from "../endpoint.ts";
import { createArrival } from "./callback.ts";
import { clientMetadataEndpoints } from "./client-metadata.ts";
import { createDeparture } from "./connect.ts";

const Page = z.string().meta({ id: "PopupPage", description: "A page that says what happened. It holds no token." });

const page = (says: string): Answer => ({ says, body: Page, type: "text/html" });

const REFUSED = {
  400: page("What went wrong, for the end user; the WebSocket of `ws_client_id` is told the same."),
  401: page("The session is not known, or has ended."),
  429: page("The session asks too often."),
  500: page("Something failed on our side."),
} as const;

const OF_SESSIONS = [
  "missing_connect_session_token",
  "deprecated_authentication",
  "invalid_connect_session_token_format",
  "unknown_connect_session_token",
] as const;

const OF_FLOWS = [
  ...OF_SESSIONS,
  "too_many_request",
  "unknown_provider_config",
  "integration_not_allowed",
  "invalid_connection_config",
  "invalid_oauth_flow",
  "authorization_failed",
  "refresh_token_external_error",
  "connection_test_failed",
  "connection_validation_failed",
] as const;

const shared = { method: "get", tag: "Connect", access: "open", raw: true } as const;

/** To the provider and back. */
export const oauthEndpoints = (deps: HttpDeps, findSession: FindSession): Endpoint[] => {
  const depart = createDeparture(deps, findSession);
  const arrive = createArrival(deps);
  return [
    ...clientMetadataEndpoints(deps),
    endpoint(
      {
        ...shared,
        path: "/oauth/connect/:providerConfigKey",
        says: "Send an end user to the provider",
        more: "The published frontend opens it in a popup. A cookie binds the attempt to this browser; the way back is open for ten minutes.",
        query: ConnectQuery,
        errors: [
          ...OF_SESSIONS,
          "too_many_request",
          "invalid_query_params",
          "unknown_provider_config",
          "integration_not_allowed",
          "invalid_auth_mode",
          "invalid_integration",
          "invalid_connection_config",
        ],
        answers: {
          302: { says: "To the provider.", headers: { Location: "Where people sign in." } },
          ...REFUSED,
        },
      },
      ({ req, res }) => depart(String(req.params.providerConfigKey), req, res),
    ),
    endpoint(
      {
        ...shared,
        path: "/oauth/callback",
        says: "Where providers send end users back to",
        more: "The redirect URI to register with providers. It takes `state` and what the provider sends beside it.",
        answers: { 200: page("The connection is made."), ...REFUSED },
        errors: OF_FLOWS,
      },
      ({ req, res }) => arrive(req, res),
    ),
    endpoint(
      {
        ...shared,
        path: "/app-auth/connect",
        says: "Where an app's installation leads back to",
        more: "The setup URL of a GitHub App. It takes `state`, `installation_id` and `setup_action`.",
        answers: { 200: page("The connection is made, or waits for somebody to agree."), ...REFUSED },
        errors: OF_FLOWS,
      },
      ({ req, res }) => arrive(req, res),
    ),
  ];
};
