// The parts of oidc-provider that the tests' own server is made of; the package has no types.
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  type Details = { prompt: { name: string }; params: { client_id: string; scope?: string } };
  type Context = { oidc: { params?: { grant_type?: string } } };
  type Failure = Error & { error: string; error_description?: string; error_detail?: string };

  export class Provider {
    constructor(issuer: string, settings: object);
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>;
    on(event: "grant.success", listener: (ctx: Context) => void): this;
    on(event: "grant.error", listener: (ctx: Context, error: Failure) => void): this;
    on(event: "server_error", listener: (ctx: Context, error: Error) => void): this;
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Details>;
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: object, options: object): Promise<void>;
    Client: { prototype: { redirectUriAllowed(uri: string): boolean } };
    Grant: new (of: {
      accountId: string;
      clientId: string;
    }) => { addOIDCScope(scope: string): void; save(): Promise<string> };
    AccessToken: { find(token: string): Promise<{ accountId: string; destroy(): Promise<void> } | undefined> };
  }
}

declare module "oidc-provider/lib/adapters/memory_adapter.js" {
  export const createMemoryAdapter: () => unknown;
}
