// What keys can be allowed: the whole list. A key holds scopes, `environment:` or `account:` before one of these names, or a
// wildcard over them: `environment:*`, `environment:connections:*`.

/** What the key of an environment can be allowed there. */
export const SCOPES = {
  "integrations:list": "list integrations",
  "integrations:read": "read an integration",
  "integrations:read_credentials": "see an integration's client credentials",
  "integrations:create": "make integrations",
  "integrations:update": "change integrations",
  "integrations:delete": "delete integrations with all their connections",
  "integrations:list_functions": "list the functions of integrations",
  "connections:list": "list connections",
  "connections:read": "read a connection",
  "connections:read_credentials": "see a connection's credentials, and have them refreshed",
  "connections:create": "import connections",
  "connections:update": "change connections and their metadata",
  "connections:delete": "delete connections with their records",
  "connect_sessions:write": "make sessions in which end users connect",
  "records:read": "read records",
  "records:write": "prune records",
  "syncs:read": "see how syncs are doing",
  "syncs:execute": "trigger, start and pause syncs",
  "syncs:update": "change how often syncs run",
  "syncs:variant:create": "make variants of syncs",
  "syncs:variant:delete": "delete variants of syncs with their records",
  "functions:list": "list functions",
  "functions:read": "read functions and their code",
  "functions:delete": "delete functions",
  "functions:compile": "compile functions",
  "functions:dryrun": "run functions that are not deployed, with a connection's credentials",
  "functions:invocations": "call functions",
  deploy: "deploy functions",
  "actions:execute": "run actions and read their results",
  proxy: "send requests with a connection's credentials",
  mcp: "list and run actions as tools",
  "graphql:read": "read everything that GraphQL shows, records included",
  "graphql:write": "call GraphQL's mutations: trigger, start, pause, cancel, approve, replay, prune",
  "logs:read": "read logs",
  "audit_log:read": "read who changed what, and who saw credentials",
  "variables:read": "read environment variables",
  "variables:write": "set and delete environment variables",
  "settings:read": "read where webhooks go and how records are checked",
  "settings:write": "change where webhooks go and how records are checked",
  "webhooks:read": "see webhooks to the app and of providers, with their bodies, and how endpoints are doing",
  "webhooks:write": "send webhooks again, handle those of providers again, send tests, pause and resume endpoints",
  "webhook_signing_key:read": "read the key that signs webhooks",
  "webhook_signing_key:rotate": "replace the key that signs webhooks",
  "api_keys:list": "list API keys, without their secrets",
  "api_keys:create": "make API keys that may do no more than this one",
  "api_keys:delete": "revoke API keys",
} as const satisfies Record<string, string>;

/** What an account key can be allowed. */
export const ACCOUNT_SCOPES = {
  "environments:list": "list environments",
  "environments:create": "make environments",
  "environments:delete": "delete environments with everything in them",
  "environments:api_keys:list": "list the API keys of any environment, without their secrets",
  "environments:api_keys:create": "make API keys for any environment",
  "environments:api_keys:delete": "revoke API keys of any environment",
} as const satisfies Record<string, string>;

/** What an endpoint asks of an environment's key. */
export type Scope = keyof typeof SCOPES;

/** What an endpoint asks of an account key. */
export type AccountScope = keyof typeof ACCOUNT_SCOPES;

const ALL = Object.keys(SCOPES).map((name) => `environment:${name}`);

const lines = (prefix: string, scopes: Record<string, string>): string =>
  Object.entries(scopes)
    .map(([name, says]) => `- \`${prefix}:${name}\`: ${says}`)
    .join("\n");

/** The lists as people read them. */
export const SCOPE_TEXT = {
  environment: lines("environment", SCOPES),
  account: lines("account", ACCOUNT_SCOPES),
};

/** True when one of the scopes covers `wanted`, which may be a wildcard itself. */
export const covers = (scopes: readonly string[], wanted: string): boolean =>
  scopes.some((scope) => scope === wanted || (scope.endsWith(":*") && wanted.startsWith(scope.slice(0, -1))));

/** True for a scope that an environment's key can have: one of the list, or a wildcard that covers at least one. */
export const isScope = (text: string): boolean => ALL.some((scope) => covers([text], scope));
