// Where pagination puts its values: into the body or the query of the request, which the caller sees change.
import set from "es-toolkit/compat/set";
import type {
  CursorPagination,
  LinkPagination,
  OffsetPagination,
  Pagination,
  ProxyConfiguration,
  ProxyResult,
} from "./request-types.ts";

type Fields<T> = Partial<Omit<T, "type">>;

/** Every setting there is; which are needed depends on `type`. */
export type PageSettings = Fields<CursorPagination> &
  Fields<LinkPagination> &
  Fields<OffsetPagination> & { type?: Pagination["type"] | undefined };

export type Place = { isBody: boolean; put: (name: string, value: string | number) => void };

/** One kind of pagination: sends page after page and yields the rows of each. */
export type Walk = (walk: {
  send: () => Promise<ProxyResult>;
  request: ProxyConfiguration;
  settings: PageSettings;
  place: Place;
  rowsOf: (data: unknown) => unknown[];
}) => AsyncGenerator<unknown[]>;

const BODY_METHODS: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

const asObject = (value: unknown): Record<string, unknown> => {
  if (typeof value === "string") return Object.fromEntries(new URLSearchParams(value));
  return (value ?? {}) as Record<string, unknown>;
};

/** Writes the limit at once. `config.params` or `config.data` is changed in place where the caller gave one. */
export const createPlace = (config: ProxyConfiguration, request: ProxyConfiguration, settings: PageSettings): Place => {
  const isBody = settings.in_body === true || BODY_METHODS.has(String(request.method).toUpperCase());
  const values = asObject(isBody ? config.data : config.params);
  if (isBody) request.data = values;
  else request.params = values;
  const put = (name: string, value: string | number): void => {
    if (isBody) set(values, name, value);
    else values[name] = value;
  };
  const { limit, limit_name_in_request } = settings;
  if (limit !== undefined && limit_name_in_request !== undefined) put(limit_name_in_request, limit);
  return { isBody, put };
};
