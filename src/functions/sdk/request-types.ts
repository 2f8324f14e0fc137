// The types of requests: to the provider, page by page, and to anybody without credentials.

/** `config` is as the author gave it; pages of an answer nobody described are whatever the author takes them for. */
// biome-ignore lint/suspicious/noExplicitAny: files read answers and headers without describing them
type Any = any;

type UpperMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "PROPFIND" | "REPORT";

export type Method = UpperMethod | Lowercase<UpperMethod>;

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

export type CursorPagination = PageBase & {
  type: "cursor";
  cursor_name_in_request: string;
  cursor_path_in_response: string;
};

/** One of the two links is needed. */
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

export type Pagination = CursorPagination | LinkPagination | OffsetPagination;

/** Accepted and without effect: the provider's own entry says where it answers when to try again. */
export type RetryHeaderConfig = {
  at?: string | string[];
  after?: string | string[];
  remaining?: string;
  error_code?: string[];
  in_body?: { path: string; value?: string; strategy: "at" | "after" };
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
  retryHeader?: RetryHeaderConfig | undefined;
  baseUrlOverride?: string | undefined;
  decompress?: boolean | string | undefined;
  responseType?: "arraybuffer" | "blob" | "document" | "json" | "text" | "stream" | undefined;
  forwardHeadersOnRedirect?: boolean | undefined;
  /** Must be the run's own integration and connection where given. */
  providerConfigKey?: string | undefined;
  connectionId?: string | undefined;
  /** Settings of the provider's entry hold where this has none. */
  paginate?: Partial<CursorPagination> | Partial<LinkPagination> | Partial<OffsetPagination> | undefined;
};

export type ProxyResult<T = Any> = {
  data: T;
  status: number;
  statusText: string;
  /** By name in lower case. */
  headers: Record<string, Any>;
  config: Any;
  request?: Any;
};

export type Verb = <T = Any>(config: ProxyConfiguration) => Promise<ProxyResult<T>>;

/** A request to any public address, without credentials. */
export type UncontrolledFetchOptions = {
  url: URL;
  method?: Method | undefined;
  headers?: Record<string, string> | undefined;
  body?: string | null | undefined;
};

export type FetchHeaders = {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(each: (value: string, name: string) => void): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
};

/** What `fetch` would give: the answer is read whole before it is handed over, so its body can be read again and again. */
export type FetchResponse = {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: FetchHeaders;
  text(): Promise<string>;
  json(): Promise<Any>;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array>;
};
