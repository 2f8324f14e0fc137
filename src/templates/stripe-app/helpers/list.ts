// Stripe's lists, newest first: pages after an object, and whether the object to go on after is still there.
import type { NangoBase } from "syncline";

type Page<T> = { data: T[]; has_more: boolean };

/** Asks for pages of 100, beginning after the object `after`, or with the newest. */
export async function* pagesOf<T extends { id: string }>(
  nango: NangoBase,
  list: { endpoint: string; params?: Record<string, string>; after: string | undefined },
): AsyncGenerator<{ rows: T[]; last: string | undefined }> {
  let { after } = list;
  do {
    const { data } = await nango.get<Page<T>>({
      endpoint: list.endpoint,
      params: { limit: 100, ...list.params, ...(after !== undefined && { starting_after: after }) },
      retries: 3,
    });
    after = data.has_more ? data.data.at(-1)?.id : undefined;
    yield { rows: data.data, last: after };
  } while (after !== undefined);
}

/** The id, unless Stripe knows the object no more: it refuses to list what comes after one that was deleted. */
export const ifStillThere = async (
  nango: NangoBase,
  endpoint: string,
  id: string | undefined,
): Promise<string | undefined> => {
  if (id === undefined) return undefined;
  try {
    const { data } = await nango.get<{ deleted?: boolean }>({ endpoint: `${endpoint}/${id}`, retries: 3 });
    return data.deleted === true ? undefined : id;
  } catch (error) {
    if ((error as { response?: { status?: number } }).response?.status === 404) return undefined;
    throw error;
  }
};
