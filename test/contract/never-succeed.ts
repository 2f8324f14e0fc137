// Operations that no request alone can succeed with, where integrations are of a provider with API keys or of MCP servers.

const KINDS = [
  "/api-auth/basic",
  "/oauth2/auth",
  ...["tba", "two-step", "jwt", "bill", "aws-sigv4", "signature", "unauthenticated"].map((kind) => `/auth/${kind}`),
];

/** By operation the reason. They are called all the same. */
export const NEVER_SUCCEED: { readonly [operation: string]: string } = {
  "get /webhook/{environmentUuid}/{providerConfigKey}": "this provider sends nothing by GET",
  "post /integrations/quickstart": "a server of one's own shares no app",
  "post /functions/invocations": "a name of the published API that nothing stands behind",
  "get /functions/invocations/{id}": "a name of the published API that nothing stands behind",
  "get /oauth/connect/{providerConfigKey}": "its success is a redirect to a provider",
  "get /oauth/callback": "for browsers that come back from a provider, with the state and cookie of their flow",
  "get /app-auth/connect": "for browsers that come back from a provider, with the state and cookie of their flow",
  ...Object.fromEntries(KINDS.map((path) => [`post ${path}/{providerConfigKey}`, "no integration is of this kind"])),
  "post /auth/oauth-outbound/{providerConfigKey}": "it is always refused: installations are begun at /oauth/connect",
};
