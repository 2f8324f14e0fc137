// Where people sign in for an MCP server: the server says which authorization server guards it (RFC 9728), and that says where
// its endpoints are (RFC 8414, or OpenID's older place). All of it is what a stranger's server says: addresses are those of the
// guarded fetch, https unless they are this machine's, and never templates.
import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  processResourceDiscoveryResponse,
} from "oauth4webapi";
import { AppError } from "../../errors.ts";
import type { Fetch } from "../../outbound/fetch.ts";

export type Discovered = { server: AuthorizationServer; resource: string; scopes: string[] };

const isLoopback = ({ hostname }: URL): boolean => hostname === "localhost" || /^127\.|^\[::1\]$/.test(hostname);

/** The address, if people or secrets may be sent there; throws `invalid_connection_config` otherwise. */
export const safeAddress = (text: unknown): URL => {
  const url = typeof text === "string" && !text.includes("${") ? URL.parse(text) : null;
  const isSafe = url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url)));
  if (!isSafe || url.username !== "" || url.password !== "")
    throw new AppError("invalid_connection_config", "The server names an address that nobody can be sent to.");
  return url;
};

/** What oauth4webapi is to ask with. */
export const asking = (fetch: Fetch, url: URL) => ({
  [customFetch]: (to: string, init: object) => fetch(to, init as RequestInit),
  [allowInsecureRequests]: isLoopback(url),
});

const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work();
  } catch (error) {
    // An address that must not be asked is a refusal; anything else means that there is nothing to be found.
    if (error instanceof AppError && error.code !== "provider_unreachable") throw error;
    return undefined;
  }
};

const named = (challenge: string | null): URL[] => {
  const [, url] = /resource_metadata="([^"]+)"/.exec(challenge ?? "") ?? [];
  return url === undefined ? [] : [safeAddress(url)];
};

const covers = (resource: URL, server: URL): boolean =>
  resource.origin === server.origin && server.pathname.startsWith(resource.pathname.replace(/\/$/, ""));

const readResource = async (fetch: Fetch, at: URL, server: URL) => {
  const response = await fetch(at);
  const { resource } = (await response.clone().json()) as { resource?: unknown };
  const expected = safeAddress(resource);
  if (!covers(expected, server)) return undefined; // it speaks for somebody else
  return await processResourceDiscoveryResponse(expected, response);
};

const findServer = async (fetch: Fetch, issuer: URL): Promise<AuthorizationServer | undefined> => {
  for (const algorithm of ["oauth2", "oidc"] as const) {
    const found = await attempt(async () =>
      processDiscoveryResponse(issuer, await discoveryRequest(issuer, { algorithm, ...asking(fetch, issuer) })),
    );
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Who guards this MCP server. Throws `invalid_connection_config` when it does not say. */
export const discover = async (fetch: Fetch, address: unknown): Promise<Discovered> => {
  const server = safeAddress(address);
  const wellKnown = "/.well-known/oauth-protected-resource";
  const challenge = await attempt(async () => (await fetch(server)).headers.get("www-authenticate"));
  const path = server.pathname === "/" ? [] : [new URL(wellKnown + server.pathname, server)];
  for (const at of [...named(challenge ?? null), ...path, new URL(wellKnown, server)]) {
    const resource = await attempt(() => readResource(fetch, at, server));
    const [issuer] = resource?.authorization_servers ?? [];
    if (resource === undefined || issuer === undefined) continue;
    const found = await findServer(fetch, safeAddress(issuer));
    if (found !== undefined)
      return { server: found, resource: resource.resource, scopes: resource.scopes_supported ?? [] };
  }
  // Servers of 2025's first version of the protocol are their own authorization server.
  const own = await findServer(fetch, new URL(server.origin));
  if (own !== undefined) return { server: own, resource: server.href, scopes: [] };
  throw new AppError("invalid_connection_config", "This MCP server does not say where people sign in.");
};
