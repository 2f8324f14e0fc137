// Link pagination: the answer holds the next page's URL, in its Link header or in its body.
import get from "es-toolkit/compat/get";
import type { PageSettings, Walk } from "./paginate-place.ts";
import type { ProxyConfiguration, ProxyResult } from "./request-types.ts";

/** `<https://x/y?page=2>; rel="next", <...>; rel="last"`: the target whose rel is the wanted one. */
const linkInHeader = (header: string, rel: string): string | undefined => {
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>([^<]*)/g)) {
    const rels = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters ?? "");
    if ((rels?.[1] ?? rels?.[2] ?? "").split(/\s+/).includes(rel)) return target;
  }
  return undefined;
};

const nextLink = ({ headers, data }: ProxyResult, settings: PageSettings): string | undefined => {
  const { link_rel_in_response_header: rel, link_path_in_response_body: path } = settings;
  const header = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "link")?.[1];
  const inHeader = rel && header ? linkInHeader(String(header), rel) : undefined;
  const found = inHeader ?? (path ? get(data, path) : undefined);
  return typeof found === "string" && found !== "" ? found : undefined;
};

const follow = (request: ProxyConfiguration, link: string): void => {
  delete request.params; // the link carries them
  if (!URL.canParse(link)) {
    request.endpoint = link;
    return;
  }
  const { origin, pathname, search } = new URL(link);
  request.baseUrlOverride = origin;
  request.endpoint = pathname + search;
};

export const pagesByLink: Walk = async function* ({ send, request, settings, rowsOf }) {
  const { link_rel_in_response_header: rel, link_path_in_response_body: path, on_page } = settings;
  if (!rel && !path) {
    throw new Error("paginate: link_rel_in_response_header or link_path_in_response_body is missing.");
  }
  let last: string | undefined;
  for (;;) {
    const response = await send();
    yield rowsOf(response.data);
    const next = nextLink(response, settings);
    await on_page?.({ nextPageParam: next, response });
    if (next === undefined || next === last) return;
    follow(request, next);
    last = next;
  }
};
