// Offset pagination: count rows, or pages, until a page is empty or shorter than the limit.
import type { Walk } from "./paginate-place.ts";

export const pagesByOffset: Walk = async function* ({ send, settings, place, rowsOf }) {
  const { offset_name_in_request: name, offset_calculation_method: method = "by-response-size" } = settings;
  const { offset_start_value = 0, limit, on_page } = settings;
  if (!name) throw new Error("paginate: offset_name_in_request is missing.");
  let offset = Number(offset_start_value);
  for (;;) {
    place.put(name, place.isBody ? offset : String(offset));
    const response = await send();
    const rows = rowsOf(response.data);
    if (!rows?.length) return;
    yield rows;
    if (limit !== undefined && rows.length < Number(limit)) return;
    await on_page?.({ nextPageParam: offset, response });
    offset += method === "per-page" ? 1 : rows.length;
  }
};
