// Reading records back: by id, or all in the order of their changes. At most 100 cross in one message.
import type { Call } from "./calls.ts";

const IDS_PER_MESSAGE = 100;

type Row = { id: string };
type Page = { records: Row[]; next_cursor: string | null };

/** `getRecordsByIds`: by id as the author wrote it, number or text; ids nobody saved are left out. */
export const createGetRecordsByIds = (call: Call) => async (ids: unknown[], model: string) => {
  if (!Array.isArray(ids)) throw new TypeError("nango.getRecordsByIds takes a list of ids, and the model's name.");
  const found = new Map<unknown, Row>();
  for (let from = 0; from < ids.length; from += IDS_PER_MESSAGE) {
    const part = ids.slice(from, from + IDS_PER_MESSAGE);
    const records = (await call("getRecordsByIds", [part.map(String), model])) as Row[];
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const id of part) {
      const record = byId.get(String(id));
      if (record !== undefined) found.set(id, record);
    }
  }
  return found;
};

/** `listRecords`: one record after another; a page is asked for when the one before is used up. */
export const createListRecords = (call: Call) =>
  async function* listRecords(model: string, options: { cursor?: string } = {}): AsyncGenerator<Row> {
    let cursor = options.cursor ?? null;
    do {
      const page = (await call("listRecords", [model, cursor])) as Page;
      yield* page.records;
      cursor = page.next_cursor;
    } while (cursor !== null);
  };
