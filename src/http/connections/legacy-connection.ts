// POST /connection: the import as clients of 2024 and before call it, with the credentials in the body itself. Which kind
// they are is not said there, as the integration's provider takes one kind only.
import { z } from "zod";
import { getIntegration } from "../../db/integrations.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId } from "../patterns.ts";
import { ImportedNames, importInto } from "./import-connection.ts";
import { ImportedCredentials } from "./import-credentials.ts";

const text = z.string().optional();

const Body = z.strictObject({
  ...ImportedNames,
  access_token: text,
  refresh_token: text,
  expires_at: text,
  expires_in: z.number().optional(),
  no_expiration: z.boolean().optional().meta({ description: "The token does not end, whatever expires_at says." }),
  oauth_token: text,
  oauth_token_secret: text,
  client_id: text,
  client_secret: text,
  token: text,
  api_key: text,
  username: text,
  password: text,
  token_id: text,
  token_secret: text,
  app_id: text,
  installation_id: text,
});

type Flat = z.output<typeof Body>;

const expiryOf = ({ no_expiration, expires_at, expires_in }: Flat) => (no_expiration ? {} : { expires_at, expires_in });

// Fields of other kinds are passed over, as they were.
const FIELDS: Record<string, (flat: Flat) => object> = {
  OAUTH2: (flat) => ({ access_token: flat.access_token, refresh_token: flat.refresh_token, ...expiryOf(flat) }),
  OAUTH2_CC: (flat) => ({
    client_id: flat.client_id,
    client_secret: flat.client_secret,
    token: flat.token,
    ...expiryOf(flat),
  }),
  OAUTH1: ({ oauth_token, oauth_token_secret }) => ({ oauth_token, oauth_token_secret }),
  API_KEY: ({ api_key }) => ({ apiKey: api_key }),
  BASIC: ({ username, password = "" }) => ({ username, password }),
  TBA: ({ token_id, token_secret }) => ({ token_id, token_secret }),
  APP: ({ app_id, installation_id }) => ({ app_id, installation_id }),
  CUSTOM: ({ app_id, installation_id }) => ({ app_id, installation_id }),
  NONE: () => ({}),
};

const flatName = (name: string): string => (name === "apiKey" ? "api_key" : name);

const credentialsOf = (mode: string, flat: Flat): ImportedCredentials => {
  const parsed = ImportedCredentials.safeParse({ ...FIELDS[mode]?.(flat), type: mode });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ code, message, path }) => ({
    code,
    message: path[0] === "type" ? `connections with ${mode} credentials cannot be imported` : message,
    path: path.map((part) => flatName(String(part))),
  }));
  throw new AppError("invalid_body", undefined, { errors });
};

/** The older import. */
export const legacyConnectionEndpoints = (deps: HttpDeps): Endpoint[] => {
  const add = importInto(deps);
  return [
    endpoint(
      {
        method: "post",
        path: "/connection",
        deprecated: true,
        tag: "Connections",
        says: "Import a connection, as older clients do",
        more: "Use POST /connections.",
        scope: "connections:create",
        body: Body,
        answers: {
          201: { says: "What was sent, and the connection's id.", body: Body.extend({ connection_id: ConnectionId }) },
        },
        errors: ["not_found", "connection_test_failed", "connection_validation_failed"],
      },
      async ({ environment, body }) => {
        const { provider_config_key, connection_id, connection_config, metadata } = body;
        const found = await getIntegration(deps.db, { environment: environment.id, uniqueKey: provider_config_key });
        if (found === null) throw new AppError("not_found", `There is no integration "${provider_config_key}".`);
        const mode = deps.catalogue.get(found.provider)?.auth_mode ?? "NONE";
        const named = { provider_config_key, connection_id, connection_config, metadata };
        const made = await add(environment, { ...named, credentials: credentialsOf(mode, body) });
        return { ...body, connection_id: made.connection_id };
      },
    ),
  ];
};
