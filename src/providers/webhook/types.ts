// What is said about a webhook of a provider between the door that takes it, the rules that judge it and the rows that keep it.

/** A webhook as it came. Header names are lower case. */
export type WebhookRequest = {
  method: "GET" | "POST";
  /** Where it was sent to, as the provider knows it: some sign it. */
  url: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: Buffer;
};

/** How connections are found: all of the integration, or those whose id, metadata or connection config has the value. */
export type Lookup = { by: "all" } | { by: "connectionId" | `metadata.${string}` | `config.${string}`; value: string };

/**
 * One event of a webhook: the types under which syncs may have subscribed to it; the lookups of which the first that finds
 * a connection counts (none: it belongs to nobody); and its payload, as the path to it in the parsed body or in the headers.
 */
export type Part = { events: string[]; lookups: Lookup[]; from: "body" | "headers"; at: (string | number)[] };

/** What the provider is told. */
export type WebhookAnswer = { status: number; headers?: Record<string, string>; body?: string };

/**
 * `answered`: a challenge, nothing to keep. `refused`: kept, not handled; `reason` is one of the codes of refusals.
 * `accepted`: `deliveryId` is the provider's own id of it, where it gives one.
 */
export type Judgement =
  | { kind: "answered"; answer: WebhookAnswer }
  | { kind: "refused"; status: 400 | 401; reason: string; message: string }
  | { kind: "accepted"; isVerified: boolean; deliveryId: string | undefined; parts: Part[]; answer: WebhookAnswer };

/** What signatures are checked with; which of it a provider uses is its rule's to say. */
export type WebhookSecrets = {
  webhookSecret: string | undefined;
  clientSecret: string | undefined;
  app: { id: string; privateKey: string; link: string } | undefined;
};

/**
 * What judging needs from outside. `now` in ms. `connectionSecrets`: the texts in this metadata field of the connections that
 * the first fitting lookup finds. `fetchKeys`: the JSON at a provider's address for public keys, through the guarded client;
 * `isFresh` asks not to be served from a cache.
 */
export type JudgeDeps = {
  secrets: WebhookSecrets;
  now: number;
  connectionSecrets?: (lookups: Lookup[], field: string) => Promise<string[]>;
  fetchKeys?: (url: string, isFresh?: boolean) => Promise<unknown>;
};
