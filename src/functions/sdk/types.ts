// The types authors write against: what a sync declares, and what its `nango` offers.
import type { z } from "zod";
import type { ActionError } from "./errors.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "get" | "post" | "put" | "patch" | "delete";

type PageBase = {
  limit?: number | string | undefined;
  limit_name_in_request?: string | undefined;
  /** Where the rows are in the answer; without it the answer itself is the list. */
  response_path?: string | undefined;
  in_body?: boolean | undefined;
  /** Awaited after each page's rows were taken. */
  on_page?:
    | ((page: { nextPageParam?: string | number | undefined; response: ProxyResult }) => Promise<void>)
    | undefined;
};

/** Every pagination setting there is; which are needed depends on `type`. */
export type Pagination = PageBase & {
  type: "cursor" | "link" | "offset";
  cursor_name_in_request?: string | undefined;
  cursor_path_in_response?: string | undefined;
  link_rel_in_response_header?: string | undefined;
  link_path_in_response_body?: string | undefined;
  offset_name_in_request?: string | undefined;
  offset_start_value?: number | undefined;
  offset_calculation_method?: "per-page" | "by-response-size" | undefined;
};

export type CursorPagination = PageBase & {
  type: "cursor";
  cursor_name_in_request: string;
  cursor_path_in_response: string;
};

export type LinkPagination = PageBase & {
  type: "link";
  link_rel_in_response_header?: string | undefined;
  link_path_in_response_body?: string | undefined;
};

export type OffsetPagination = PageBase & {
  type: "offset";
  offset_name_in_request: string;
  offset_start_value?: number | undefined;
  offset_calculation_method?: "per-page" | "by-response-size" | undefined;
};

/** One request to the provider. `retries` counts extra attempts. */
export type ProxyConfiguration = {
  endpoint: string;
  method?: Method | undefined;
  params?: string | Record<string, unknown> | undefined;
  data?: unknown;
  headers?: Record<string, string> | undefined;
  retries?: number | undefined;
  retryOn?: number[] | null | undefined;
  baseUrlOverride?: string | undefined;
  decompress?: boolean | string | undefined;
  responseType?: "arraybuffer" | "blob" | "document" | "json" | "text" | "stream" | undefined;
  forwardHeadersOnRedirect?: boolean | undefined;
  /** Must be the run's own integration and connection where given. */
  providerConfigKey?: string | undefined;
  connectionId?: string | undefined;
  paginate?: Partial<CursorPagination> | Partial<LinkPagination> | Partial<OffsetPagination> | undefined;
};

// biome-ignore lint/suspicious/noExplicitAny: an answer nobody described is whatever the author takes it for
export type ProxyResult<T = any> = {
  data: T;
  status: number;
  statusText: string;
  headers: Record<string, string>;
  config: unknown;
};

// biome-ignore lint/suspicious/noExplicitAny: as above
type Verb = <T = any>(config: ProxyConfiguration) => Promise<ProxyResult<T>>;

export type ZodModel = z.ZodObject<{ id: z.ZodString }>;
export type ZodMetadata = z.ZodObject | z.ZodVoid;
export type ZodCheckpoint = z.ZodObject<Record<string, z.ZodString | z.ZodNumber | z.ZodBoolean>>;

type Infer<T> = T extends z.ZodType ? z.infer<T> : Record<string, unknown>;
type IdOnly = { id: string; deletedAt?: string | Date };

export type Connection = {
  connection_id: string;
  provider_config_key: string;
  connection_config: Record<string, string>;
  metadata: Record<string, unknown> | null;
  credentials: Record<string, unknown>;
  [field: string]: unknown;
};

export type ConnectionOptions = { forceRefresh?: boolean; refreshToken?: boolean; refreshGithubAppJwtToken?: boolean };

export type MergingStrategy = { strategy: "override" | "ignore_if_modified_after" };

/** What every function's `nango` offers. */
export type NangoBase<Metadata = undefined, Checkpoint = undefined> = {
  readonly connectionId: string;
  readonly providerConfigKey: string;
  readonly provider: string;
  readonly environmentId: number | string;
  readonly environmentName: string;
  readonly syncId: string | null;
  readonly scriptType: "sync" | "webhook" | "action" | "on-event";
  readonly isCLI: boolean;
  readonly ActionError: typeof ActionError;
  get: Verb;
  post: Verb;
  put: Verb;
  patch: Verb;
  delete: Verb;
  proxy: Verb;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  paginate<T = any>(config: ProxyConfiguration): AsyncGenerator<T[]>;
  getConnection(providerConfigKey?: string, connectionId?: string, options?: ConnectionOptions): Promise<Connection>;
  getMetadata<T = Infer<Metadata>>(): Promise<T>;
  /** Replaces the connection's metadata. */
  setMetadata(metadata: Infer<Metadata>): Promise<unknown>;
  /** Merges into the connection's metadata, one level deep. */
  updateMetadata(metadata: Partial<Infer<Metadata>>): Promise<unknown>;
  getCheckpoint(): Promise<Infer<Checkpoint> | null>;
  saveCheckpoint(checkpoint: Infer<Checkpoint>): Promise<void>;
  clearCheckpoint(): Promise<void>;
  log(...args: unknown[]): Promise<void>;
  zodValidateInput<T extends z.ZodType>(args: {
    zodSchema: T;
    input: unknown;
  }): Promise<z.ZodSafeParseSuccess<z.infer<T>>>;
};

/** What a sync's `nango` offers on top. */
export type NangoSync<
  Models extends Record<string, ZodModel> = Record<string, ZodModel>,
  Metadata = undefined,
  Checkpoint = undefined,
> = NangoBase<Metadata, Checkpoint> & {
  readonly variant: string;
  readonly lastSyncDate: Date | undefined;
  readonly track_deletes: boolean;
  batchSave<Name extends keyof Models & string>(rows: z.infer<Models[Name]>[], model: Name): Promise<boolean>;
  batchUpdate<Name extends keyof Models & string>(
    rows: (Partial<z.infer<Models[Name]>> & { id: string })[],
    model: Name,
  ): Promise<boolean>;
  batchDelete<Name extends keyof Models & string>(
    rows: (IdOnly & Partial<Omit<z.infer<Models[Name]>, "id">>)[],
    model: Name,
  ): Promise<boolean>;
  trackDeletesStart(model: keyof Models & string): Promise<void>;
  trackDeletesEnd(model: keyof Models & string): Promise<{ deletedKeys: string[] }>;
  setMergingStrategy(merging: MergingStrategy, model: keyof Models & string): Promise<void>;
};

export type Endpoint = { method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"; path: string; group?: string };

/** What createSync takes. `autoStart` omitted means false. */
export type SyncConfig<
  Models extends Record<string, ZodModel>,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
> = {
  description: string;
  frequency: string;
  models: Models;
  metadata?: Metadata;
  checkpoint?: Checkpoint;
  version?: string;
  autoStart?: boolean;
  scopes?: string[];
  webhookSubscriptions?: string[];
  syncType?: "full" | "incremental";
  trackDeletes?: boolean;
  endpoints?: Endpoint[];
  exec: (nango: NangoSync<Models, Metadata, Checkpoint>) => Promise<void> | void;
  // biome-ignore lint/suspicious/noExplicitAny: a webhook's payload is whatever the provider sends
  onWebhook?: (nango: NangoSync<Models, Metadata, Checkpoint>, payload: any) => Promise<void> | void;
};
