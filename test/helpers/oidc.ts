// A real OAuth 2 and OpenID server for tests: oidc-provider, with PKCE required, refresh tokens that are replaced at each use
// and a grant revoked whole when an old one is used again. It has a login page with two buttons, an API that wants its access
// tokens, and counts what it grants.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";

/** What becomes of a request to the token endpoint before the server sees it; `hang` answers nothing until it is closed. */
export type TokenFault = "503" | "reset" | "hang" | null;

type Options = { accessTokenSeconds?: number; isForMcp?: boolean; readDocument?: ReadDocument };

export type TokenSet = { access_token: string; refresh_token: string; expires_in: number };

const REDIRECT = "http://127.0.0.1:1/callback";
const CLIENT = { client_id: "syncline-tests", client_secret: "a secret of the client, 0123456789 0123456789" };

const LOGIN = `<!doctype html><html lang="en"><title>Sign in</title><main><h1>Sign in</h1><form method="post">
<label>Name <input name="name" value="ada" required></label>
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny" formnovalidate>Deny</button></form></main>`;

const json = (res: ServerResponse, status: number, body: object): void => {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

// Clients register themselves, and say which resource their tokens are for.
const FOR_MCP = {
  registration: { enabled: true },
  resourceIndicators: {
    enabled: true,
    useGrantedResource: () => true,
    getResourceServerInfo: () => ({ scope: "mcp", accessTokenFormat: "opaque" }),
  },
};

/** Fetches the document of a client whose id is its address. */
type ReadDocument = (url: string) => Promise<Response>;

// Clients that nobody registered: their id is the address of a document that says who they are.
const readingDocuments = (readDocument: ReadDocument) => ({
  features: { clientIdMetadataDocument: { enabled: true, ack: "draft-02" } },
  fetch: (url: string | URL) => readDocument(String(url)),
});

// One for all servers of this process: to make one takes up to a second of a core.
let signing: ReturnType<typeof generateKeyPair> | undefined;

const newProvider = async (
  issuer: string,
  accessTokenSeconds: () => number,
  { isForMcp = false, readDocument }: Options,
): Promise<Provider> => {
  const documents = readDocument === undefined ? undefined : readingDocuments(readDocument);
  signing ??= generateKeyPair("RS256", { extractable: true });
  const { privateKey } = await signing;
  return new Provider(issuer, {
    adapter: createMemoryAdapter(),
    clients: [{ ...CLIENT, redirect_uris: [REDIRECT], token_endpoint_auth_method: "client_secret_post" }].map(
      (client) => ({ ...client, grant_types: ["authorization_code", "refresh_token"] }),
    ),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    pkce: { required: () => true },
    scopes: ["openid", "offline_access"],
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 3600,
      Interaction: 3600,
      IdToken: 3600,
    },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    findAccount: (_ctx: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: { devInteractions: { enabled: false }, ...(isForMcp && FOR_MCP), ...documents?.features },
    ...(documents && { fetch: documents.fetch }),
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/login/${uid}` },
  });
};

/** Who clicks: shows the form, then takes the answer. */
const login = async (provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> => {
  if (req.method !== "POST") return void res.writeHead(200, { "content-type": "text/html" }).end(LOGIN);
  const form = new URLSearchParams(Buffer.concat(await req.toArray()).toString());
  const { params } = await provider.interactionDetails(req, res);
  const done = (result: object) =>
    provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false }).then(() => {});
  if (form.get("answer") === "deny") return await done({ error: "access_denied", error_description: "Not today." });
  const accountId = form.get("name") ?? "ada";
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? "openid");
  await done({ login: { accountId }, consent: { grantId: await grant.save() } });
};

const bearerOf = (req: IncomingMessage): string => req.headers.authorization?.replace(/^Bearer /, "") ?? "";

const api = async (provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> => {
  const token = await provider.AccessToken.find(bearerOf(req));
  if (token === undefined) json(res, 401, { error: "invalid_token" });
  else json(res, 200, { name: token.accountId, asked: req.url });
};

/** Follow redirects with cookies, pressing `answer` at the login page, to the URL that leaves the server. */
const clickThrough = async (issuer: string, url: string, answer: "allow" | "deny"): Promise<URL> => {
  const cookies = new Map<string, string>();
  let next = { url, method: "GET" };
  for (;;) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const body = next.method === "POST" ? new URLSearchParams({ name: "ada", answer }) : null;
    const response = await fetch(next.url, { method: next.method, redirect: "manual", headers: { cookie }, body });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const text = await response.text();
    const location = response.headers.get("location");
    if (location === null) {
      if (!text.includes("<form")) throw new Error(`${next.url}: ${response.status} ${text}`);
      next = { url: next.url, method: "POST" };
      continue;
    }
    const to = new URL(location, next.url);
    if (to.origin !== new URL(issuer).origin) return to;
    next = { url: to.href, method: "GET" };
  }
};

/** Start one. It is closed with the test. */
export const startOidc = async (t: TestContext, o: Options = {}) => {
  let accessTokenSeconds = o.accessTokenSeconds ?? 3600;
  let provider: Provider | undefined;
  let faultOf: (nth: number) => TokenFault = () => null;
  let beforeApi: (nth: number, token: string) => Promise<unknown> = async () => {};
  const redirects = new Set([REDIRECT]);
  /** Granted by kind, refused in the server's words, uses of a refresh token that was replaced, requests to the endpoint. */
  const counts = {
    authorization_code: 0,
    refresh_token: 0,
    refused: [] as string[],
    reuses: 0,
    tokenRequests: 0,
    apiRequests: 0,
  };

  const token = (req: IncomingMessage, res: ServerResponse): unknown => {
    counts.tokenRequests += 1;
    const fault = faultOf(counts.tokenRequests);
    if (fault === "503") return json(res, 503, { error: "temporarily_unavailable" });
    if (fault === "reset") return req.socket.resetAndDestroy();
    if (fault === "hang") return undefined;
    return provider!.callback()(req, res);
  };
  const server = createServer((req, res) => {
    const url = req.url ?? "/";
    const work = async (): Promise<unknown> => {
      if (url.startsWith("/login/")) return await login(provider!, req, res);
      if (url.startsWith("/api/")) {
        counts.apiRequests += 1;
        await beforeApi(counts.apiRequests, bearerOf(req));
        return await api(provider!, req, res);
      }
      return await (url.startsWith("/token") && req.method === "POST"
        ? token(req, res)
        : provider!.callback()(req, res));
    };
    work().catch((error: Error) => json(res, 500, { error: error.message }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider = await newProvider(issuer, () => accessTokenSeconds, o);
  const asRegistered = provider.Client.prototype.redirectUriAllowed;
  provider.Client.prototype.redirectUriAllowed = function (uri) {
    return redirects.has(uri) || asRegistered.call(this, uri);
  };
  provider.on("grant.success", ({ oidc }) => {
    const kind = oidc.params?.grant_type;
    if (kind === "authorization_code" || kind === "refresh_token") counts[kind] += 1;
  });
  provider.on("grant.error", (_ctx, { error, error_detail }) => {
    counts.refused.push(`${error}: ${error_detail ?? ""}`);
    if (error_detail === "refresh token already used") counts.reuses += 1;
  });

  const askToken = async (body: Record<string, string>): Promise<TokenSet> => {
    const response = await fetch(`${issuer}/token`, {
      method: "POST",
      body: new URLSearchParams({ ...CLIENT, ...body }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return JSON.parse(text);
  };

  const grant = async (): Promise<TokenSet> => {
    const code_verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
      client_id: CLIENT.client_id,
      response_type: "code",
      scope: "openid offline_access",
      prompt: "consent",
      redirect_uri: REDIRECT,
      code_challenge: createHash("sha256").update(code_verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    const back = await clickThrough(issuer, `${issuer}/auth?${query}`, "allow");
    const code = back.searchParams.get("code") ?? "";
    return await askToken({ grant_type: "authorization_code", code, code_verifier, redirect_uri: REDIRECT });
  };

  /** The catalogue's entry of this server as provider `oidc`, in a file. */
  const catalogueFile = (over: object = {}): string => {
    const entry = {
      display_name: "OpenID",
      auth_mode: "OAUTH2",
      authorization_url: `${issuer}/auth`,
      authorization_params: { prompt: "consent" },
      token_url: `${issuer}/token`,
      default_scopes: ["openid", "offline_access"],
      proxy: { base_url: `${issuer}/api` },
      ...over,
    };
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), "syncline-oidc-")), "providers.json");
    writeFileSync(file, JSON.stringify({ oidc: entry }));
    return file;
  };

  return {
    issuer,
    client: CLIENT,
    counts,
    catalogueFile,
    /** Tokens of a new grant, had through the login page. */
    grant,
    /** Follow an authorization URL to where it leads back to. */
    clickThrough: (url: string, answer: "allow" | "deny" = "allow") => clickThrough(issuer, url, answer),
    /** Let people be sent back to this URL. */
    allowRedirect: (uri: string): void => void redirects.add(uri),
    /** The API takes this access token no more. */
    revoke: async (accessToken: string): Promise<void> => (await provider.AccessToken.find(accessToken))?.destroy(),
    /** How long access tokens granted from now on live. */
    setAccessTokenSeconds: (seconds: number): void => {
      accessTokenSeconds = seconds;
    },
    /** Called for each request to the API, before it is answered, with its number, from 1, and its token. */
    onApi: (before: (nth: number, token: string) => Promise<unknown>): void => {
      beforeApi = before;
    },
    /** Called for each request to the token endpoint with its number, from 1. */
    onToken: (decide: (nth: number) => TokenFault): void => {
      faultOf = decide;
    },
  };
};

export type Oidc = Awaited<ReturnType<typeof startOidc>>;
