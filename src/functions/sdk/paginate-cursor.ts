// Cursor pagination: the answer names the next page; an empty page ends it, whatever the answer names.
import get from "es-toolkit/compat/get";
import type { Walk } from "./paginate-place.ts";

const cursorOf = (value: unknown): string | number | undefined => {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  return value.trim() === "" ? undefined : value.trim();
};

export const pagesByCursor: Walk = async function* ({ send, settings, place, rowsOf }) {
  const { cursor_name_in_request: name, cursor_path_in_response: path, on_page } = settings;
  if (!name) throw new Error("paginate: cursor_name_in_request is missing.");
  if (!path) throw new Error("paginate: cursor_path_in_response is missing.");
  for (;;) {
    const response = await send();
    const rows = rowsOf(response.data);
    if (!rows?.length) return;
    yield rows;
    const next = cursorOf(get(response.data, path));
    await on_page?.({ nextPageParam: next, response });
    if (next === undefined) return;
    place.put(name, next);
  }
};
