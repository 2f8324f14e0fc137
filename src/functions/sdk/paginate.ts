// nango.paginate: follow cursors, links or offsets through a list. Each page is an ordinary request with its own retries.
import get from "es-toolkit/compat/get";
import { pagesByCursor } from "./paginate-cursor.ts";
import { pagesByLink } from "./paginate-link.ts";
import { pagesByOffset } from "./paginate-offset.ts";
import { createPlace, type PageSettings, type Walk } from "./paginate-place.ts";
import type { ProxyConfiguration } from "./request-types.ts";
import type { Send } from "./requests.ts";

const WALKS: Record<string, Walk> = { cursor: pagesByCursor, link: pagesByLink, offset: pagesByOffset };

const checkLimit = ({ limit, limit_name_in_request }: PageSettings): void => {
  if (limit === undefined || limit_name_in_request !== undefined) return;
  throw new Error("paginate: a limit needs limit_name_in_request.");
};

/**
 * The generator of pages; settings of the call win over the provider's `defaults`, which are null for a provider nobody knows.
 * Throws before any request when a required setting is missing.
 */
export const createPaginate = ({
  send,
  provider,
  defaults,
}: {
  send: Send;
  provider: string;
  defaults: PageSettings | null | undefined;
}) => {
  return async function* paginate(config: ProxyConfiguration): AsyncGenerator<unknown[]> {
    if (defaults === null) throw new Error(`unknown_provider_template_in_config: there is no provider "${provider}".`);
    const settings = { ...defaults, ...config.paginate } as PageSettings;
    const walk = WALKS[String(settings.type)];
    if (walk === undefined) throw new Error("paginate: the type must be one of cursor, link and offset.");
    if (settings.type === "cursor") checkLimit(settings);
    const request: ProxyConfiguration = { ...config, method: config.method ?? "GET" };
    const place = createPlace(config, request, settings);
    const rowsOf = (data: unknown) => (settings.response_path ? get(data, settings.response_path) : data) as unknown[];
    yield* walk({ send: () => send(request), request, settings, place, rowsOf });
  };
};
